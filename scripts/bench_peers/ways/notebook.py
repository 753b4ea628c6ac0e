"""Plain PyTorch as published notebooks write it: transformers' model, one product and every statistic for each state."""

import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM

from bench_peers import passes
from bench_peers.ways import K, TEXT_K


class Way:
    def __init__(self, folder):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()

    def of_states(self, states, targets, k=K):
        """Returns the statistics [R,T] of states, R of [1,T,C]; the last one gives the model's own output."""
        head = self.model.lm_head.weight
        final = functional.linear(states[-1], head)[0]
        found = [passes.plain(functional.linear(h, head)[0], final, targets, k) for h in states]
        return {name: torch.stack([row[name] for row in found]) for name in passes.NAMES}

    def lens(self, ids):
        states = self.model(torch.tensor([ids]), use_cache=False, output_hidden_states=True).hidden_states
        return self.of_states(states, torch.tensor([*ids[1:], -1]))

    def sweep(self, ids, factor, target):
        x = torch.tensor([ids])

        def run():
            return torch.log_softmax(self.model(x, use_cache=False).logits[0, -1, :], -1)[target]

        found = [run()]
        for block in self.model.transformer.h:
            handle = block.register_forward_hook(lambda _module, _inputs, out: out * factor)
            found.append(run())
            handle.remove()
        return {"logprob": torch.stack(found)}

    def text(self, ids, chunk):
        means = passes.Means()
        for i in range(0, len(ids), chunk):
            window = ids[i : i + chunk]
            targets = torch.tensor([*ids[i + 1 : i + 1 + chunk], -1][: len(window)])
            states = self.model(torch.tensor([window]), use_cache=False, output_hidden_states=True).hidden_states
            means.add(self.of_states(states, targets, TEXT_K), targets)
        return means.result()

    def generate(self, ids, new):
        prompt = torch.tensor([ids])
        out = self.model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=new, min_new_tokens=new,
            pad_token_id=0, eos_token_id=None, return_dict_in_generate=True, output_hidden_states=True,
        )
        sequence = out.sequences[0]
        found, at = [], 1
        for states in out.hidden_states:  # of each step, L+1 of [1,T,C] and then of [1,1,C]
            n = states[0].shape[1]
            found.append(self.of_states(states, sequence[at : at + n]))
            at += n
        return {"sequence": sequence} | {name: torch.cat([step[name] for step in found], 1) for name in passes.NAMES}

    def run(self, ids, hooked):
        kept, handles = [], []
        if hooked:
            for block in self.model.transformer.h:
                handles.append(block.register_forward_hook(lambda _module, _inputs, out: kept.append(out.clone())))
        out = self.model(torch.tensor([ids]), use_cache=False).logits
        for handle in handles:
            handle.remove()
        return out
