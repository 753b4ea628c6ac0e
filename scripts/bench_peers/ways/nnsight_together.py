"""nnsight's sweep as one trace with an invoke for each change, which runs them as one batch."""

import nnsight
import torch

from bench_peers.ways import nnsight as one


class Way:
    def __init__(self, folder):
        self.model = one.Way(folder).model

    def sweep(self, ids, factor, target):
        model, x = self.model, torch.tensor([ids])
        with model.trace() as tracer:
            logits = nnsight.save([])
            for changed in [None, *range(len(model.transformer.h))]:
                with tracer.invoke(x):
                    if changed is not None:
                        model.transformer.h[changed].output = model.transformer.h[changed].output * factor
                    logits.append(model.lm_head.output[0, -1, :])
        return {"logprob": torch.log_softmax(torch.stack(list(logits)), -1)[:, target]}
