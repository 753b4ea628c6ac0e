"""TransformerLens as its documentation uses it: a run with a cache of the streams, unembed for each, hooks for changes.

Its own logit_lens is not used: it applies the final norm to every row, and returns logits or a top k only.
"""

import torch
from transformer_lens.model_bridge import TransformerBridge

from bench_peers import passes
from bench_peers.ways import K, TEXT_K, tokenizer


class Way:
    def __init__(self, folder):
        self.model = TransformerBridge.boot_transformers(folder, device="cpu", dtype=torch.float32, tokenizer=tokenizer.stand_in())
        self.blocks = [f"blocks.{i}.hook_out" for i in range(self.model.cfg.n_layers)]

    def of_window(self, ids, targets, k=K):
        """Returns the statistics [R,T] of a window ids with targets [T]."""
        points = ["blocks.0.hook_in", *self.blocks[:-1]]
        logits, cache = self.model.run_with_cache(torch.tensor([ids]), names_filter=points)
        rows = [self.model.unembed(cache[point])[0] for point in points] + [logits[0]]
        found = [passes.plain(x, logits[0], targets, k) for x in rows]
        return {name: torch.stack([row[name] for row in found]) for name in passes.NAMES}

    def lens(self, ids):
        return self.of_window(ids, torch.tensor([*ids[1:], -1]))

    def sweep(self, ids, factor, target):
        x = torch.tensor([ids])

        def run(hooks):
            logits = self.model.run_with_hooks(x, fwd_hooks=hooks)
            return torch.log_softmax(logits[0, -1, :], -1)[target]

        scale = lambda out, hook: out * factor
        return {"logprob": torch.stack([run([]), *(run([(point, scale)]) for point in self.blocks)])}

    def text(self, ids, chunk):
        means = passes.Means()
        for i in range(0, len(ids), chunk):
            window = ids[i : i + chunk]
            targets = torch.tensor([*ids[i + 1 : i + 1 + chunk], -1][: len(window)])
            means.add(self.of_window(window, targets, TEXT_K), targets)
        return means.result()
