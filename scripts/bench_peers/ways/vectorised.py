"""The best plain PyTorch that we could write: few products over many rows, few passes over their results.

- The trunk alone is run, and the head over the states of all layers at once.
- Statistics take the passes of passes.few, over blocks of positions whose logits fit Way.rows.
- A text's windows go through the trunk several at a time.
- A sweep's runs are one batch, which grows by one behind each block; the head reads the last positions.
- Generation keeps its states, and the lens reads them all at the end.
"""

import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM, DynamicCache

from bench_peers import passes
from bench_peers.ways import K, TEXT_K

TOKENS = 1024  # of a batch of windows


class Way:
    # Rows of logits that are held at a time, 42 MB of GPT-2's. Of 52 to 832, none was
    # faster by more than 6 %; all of a short prompt are one block.
    rows = 208

    def __init__(self, folder):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        self.body, self.vocab = self.model.transformer, self.model.config.vocab_size

    def unembed(self, h):
        return functional.linear(h, self.model.lm_head.weight)

    def of_states(self, states, targets, k=K):
        """Returns the statistics [R,T] of states [R,T,C] at positions with targets [T]."""
        parts, R = [], len(states)
        size = max(1, self.rows // R)
        for i in range(0, len(targets), size):
            x = self.unembed(states[:, i : i + size].reshape(-1, states.shape[-1]))
            parts.append(passes.few(x.view(R, -1, self.vocab), targets[i : i + size], k))
        if len(parts) == 1:
            return parts[0]
        return {name: torch.cat([part[name] for part in parts], 1) for name in passes.NAMES}

    def states(self, ids):
        """Returns the hidden states [R,B*T,C] of ids [B,T]; the last one is normed."""
        return torch.stack(self.body(ids, use_cache=False, output_hidden_states=True).hidden_states).flatten(1, 2)

    def lens(self, ids):
        return self.of_states(self.states(torch.tensor([ids])), torch.tensor([*ids[1:], -1]))

    def sweep(self, ids, factor, target):
        x = self.body.wte(torch.tensor([ids])) + self.body.wpe(torch.arange(len(ids)))
        for block in self.body.h:
            x = block(x)
            x = torch.cat([x, x[:1] * factor])  # row 0 stays the clean run
        logits = self.unembed(self.body.ln_f(x[:, -1]))
        return {"logprob": torch.log_softmax(logits, -1)[:, target]}

    def text(self, ids, chunk):
        means = passes.Means()
        whole = len(ids) // chunk * chunk
        step = max(1, TOKENS // chunk) * chunk
        starts = [(i, min(step, whole - i), chunk) for i in range(0, whole, step)]
        if whole < len(ids):
            starts.append((whole, len(ids) - whole, len(ids) - whole))
        for i, n, window in starts:
            targets = torch.tensor([*ids[i + 1 : i + 1 + n], -1][:n])
            means.add(self.of_states(self.states(torch.tensor(ids[i : i + n]).view(-1, window)), targets, TEXT_K), targets)
        return means.result()

    def generate(self, ids, new):
        cache = DynamicCache(config=self.model.config)
        sequence, states, x = list(ids), [], torch.tensor([ids])
        for _ in range(new):
            out = self.body(x, past_key_values=cache, use_cache=True, output_hidden_states=True)
            states.append(torch.cat(out.hidden_states))
            x = self.unembed(out.last_hidden_state[:, -1]).argmax(-1, keepdim=True)
            sequence.append(int(x))
        sequence = torch.tensor(sequence)
        return {"sequence": sequence} | self.of_states(torch.cat(states, 1), sequence[1:])
