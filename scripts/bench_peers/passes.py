"""The statistics of logits, as notebooks compute them and in as few passes as PyTorch allows.

Names, definitions and units are those of docs/exactness.md. R are states, T positions,
K candidates, V the vocabulary. Targets are next tokens, ids [T]; a target of -1 is none,
and what is returned there means nothing.
"""

import torch

NAMES = ("top_ids", "top_logits", "top_probs", "entropy", "logsumexp", "kl", "agree",
         "target_logprob", "target_prob", "target_rank", "target_ties")


def plain(x, final, targets, k):
    """Returns the statistics of one state's logits x [T,V], each by the expression that says what it is; final are the model's own."""
    probs = torch.softmax(x, -1)
    logs = torch.log_softmax(x, -1)
    own = torch.log_softmax(final, -1)
    top = x.topk(k, -1)
    at = targets.clamp(min=0)[:, None]
    of_target = x.gather(-1, at)
    return {
        "top_ids": top.indices,
        "top_logits": top.values,
        "top_probs": probs.gather(-1, top.indices),
        "entropy": -(probs * logs).sum(-1),
        "logsumexp": torch.logsumexp(x, -1),
        "kl": (own.exp() * (own - logs)).sum(-1),
        "agree": x.argmax(-1) == final.argmax(-1),
        "target_logprob": logs.gather(-1, at)[:, 0],
        "target_prob": probs.gather(-1, at)[:, 0],
        "target_rank": (x > of_target).sum(-1) + 1,
        "target_ties": (x == of_target).sum(-1) - 1,
    }


def few(x, targets, k):
    """Returns the statistics [R,T] of logits x [R,T,V] together; the last state is the model's own output.

    Six passes. Sums of products are matrix products, with nothing of x's size in between:
    H = lse - sum(p x), KL = sum(f x_f) - lse_f - sum(f x) + lse. A comparison is written as
    floats into what is no longer needed, which sums seven times as fast as booleans do; a
    count below 2^24 is exact in float32.
    """
    top = x.topk(k, -1)
    p = torch.softmax(x, -1)
    top_probs = p.gather(-1, top.indices)
    lse = top.values[..., 0] - top_probs[..., 0].log()
    entropy = lse - torch.einsum("rtv,rtv->rt", p, x)
    mean = torch.einsum("rtv,tv->rt", x, p[-1])  # of each state's logits, under the model's own distribution
    kl = (mean[-1] - lse[-1]) - (mean - lse)
    at = targets.clamp(min=0).expand(len(x), -1)[..., None]
    of_target = x.gather(-1, at)
    logs = of_target[..., 0] - lse
    larger = torch.gt(x, of_target, out=p).sum(-1)
    equal = torch.eq(x, of_target, out=p).sum(-1)
    return {
        "top_ids": top.indices,
        "top_logits": top.values,
        "top_probs": top_probs,
        "entropy": entropy,
        "logsumexp": lse,
        "kl": kl,
        "agree": top.indices[..., 0] == top.indices[-1, :, 0],
        "target_logprob": logs,
        "target_prob": logs.exp(),
        "target_rank": larger.long() + 1,
        "target_ties": equal.long() - 1,
    }


class Means:
    """The sums over a text's positions of what every state says there."""

    def __init__(self):
        self.sums, self.positions, self.targets = None, 0, 0

    def add(self, found, targets):
        """Takes over the statistics [R,T] of a window."""
        there = targets >= 0
        rank = found["target_rank"][:, there].double()
        parts = {
            "entropy": found["entropy"], "kl": found["kl"], "agree": found["agree"],
            "loss": -found["target_logprob"][:, there], "reciprocal_rank": 1 / rank, "top1": rank == 1, "top5": rank <= 5,
        }
        parts = {name: values.double().sum(-1) for name, values in parts.items()}
        self.sums = parts if self.sums is None else {name: self.sums[name] + v for name, v in parts.items()}
        self.positions += len(targets)
        self.targets += int(there.sum())

    def result(self):
        """Returns the means [R] by name."""
        over_all = ("entropy", "kl", "agree")
        return {name: (v / (self.positions if name in over_all else self.targets)).tolist() for name, v in self.sums.items()}
