"""nnsight as its documentation uses it: a trace that saves each block's output and applies the head to it, a trace a change."""

import nnsight
import torch
from transformers import AutoModelForCausalLM

from bench_peers import passes
from bench_peers.ways import K, TEXT_K, tokenizer


class Way:
    def __init__(self, folder):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        self.model = nnsight.TransformersModel(model, task="text-generation", tokenizer=tokenizer.stand_in())

    def of_window(self, ids, targets, k=K):
        """Returns the statistics [R,T] of a window ids with targets [T]."""
        model = self.model
        with model.trace(torch.tensor([ids])):
            states = nnsight.save([])
            states.append(model.transformer.drop.output)
            for block in model.transformer.h[:-1]:
                states.append(block.output)
            final = model.lm_head.output.save()
        rows = [model._module.lm_head(h)[0] for h in states] + [final[0]]
        found = [passes.plain(x, final[0], targets, k) for x in rows]
        return {name: torch.stack([row[name] for row in found]) for name in passes.NAMES}

    def lens(self, ids):
        return self.of_window(ids, torch.tensor([*ids[1:], -1]))

    def sweep(self, ids, factor, target):
        model, x, found = self.model, torch.tensor([ids]), []
        for changed in [None, *range(len(model.transformer.h))]:
            with model.trace(x):
                if changed is not None:
                    model.transformer.h[changed].output = model.transformer.h[changed].output * factor
                logits = model.lm_head.output[0, -1, :].save()
            found.append(torch.log_softmax(logits, -1)[target])
        return {"logprob": torch.stack(found)}

    def text(self, ids, chunk):
        means = passes.Means()
        for i in range(0, len(ids), chunk):
            window = ids[i : i + chunk]
            targets = torch.tensor([*ids[i + 1 : i + 1 + chunk], -1][: len(window)])
            means.add(self.of_window(window, targets, TEXT_K), targets)
        return means.result()
