"""Cross-entropy over a large vocabulary without keeping the logits.

With N rows h (N,C) and the head W (V,C), the logits (N,V) would be by far the
largest array of a training step. Here they are made for a few rows at a time,
in bfloat16; each piece gives its part of the loss and of both gradients at
once.
"""

import shutil

import torch

ROWS = 128  # rows of h per piece, so that a piece of logits stays in the cache


def compiled(function):
    """Returns the function compiled into one pass where there is a compiler;
    without one it is the same function, some times slower."""
    return torch.compile(function, dynamic=False) if shutil.which("g++") else function


def _softmax_piece(logits, targets, shift):
    """Returns each row's loss, and the loss's gradient by the logits."""
    logits = logits.float() + shift
    top = logits.amax(-1, keepdim=True)
    e = torch.exp(logits - top)
    total = e.sum(-1, keepdim=True)
    column = torch.arange(logits.shape[1])
    hit = column == targets[:, None]
    own = torch.where(hit, logits, 0.0).sum(-1)
    grad = e / total - hit.float()
    return (top + total.log()).squeeze(-1) - own, grad.to(torch.bfloat16)


softmax_piece = compiled(_softmax_piece)


@torch.no_grad()
def loss_and_gradients(h, head, targets, shift):
    """Returns the summed cross-entropy of rows h (N,C) against targets (N),
    and its gradients by h (N,C) and by head (V,C), both bfloat16.

    N must be a multiple of 128. shift (V) is added to every row's logits: a vector of
    zeros, or the weights of a sampled vocabulary (see Shortlist).
    """
    h, head = h.bfloat16(), head.bfloat16()
    transposed = head.t()
    dlogits = torch.empty(len(h), len(head), dtype=torch.bfloat16)
    total = torch.zeros(())
    for i in range(0, len(h), ROWS):
        piece = slice(i, i + ROWS)
        loss, grad = softmax_piece(h[piece] @ transposed, targets[piece], shift)
        total += loss.sum()
        dlogits[piece] = grad
    return total, dlogits @ head, dlogits.t() @ h


class Shortlist:
    """A sample of the vocabulary that stands for all of it, for early training.

    The `common` most frequent words and all targets of the batch are always
    in; the rest of `size` is drawn evenly from the other words, and each of
    those counts for as many as were left out, so that the sum under the
    softmax is right on average. The loss is then close to the full one at a
    fraction of its cost, but it is not the full one: the last part of the
    training does without.
    """

    def __init__(self, counts, size, common):
        self.size = size
        order = torch.argsort(counts, descending=True, stable=True)
        self.common = torch.zeros(len(counts), dtype=torch.bool)
        self.common[order[:common]] = True

    def draw(self, targets, generator):
        """Returns the words (size), each target's place among them, and the
        logarithm of each word's weight (size)."""
        always = self.common.clone()
        always[targets] = True
        sure = always.nonzero().squeeze(1)
        others = (~always).nonzero().squeeze(1)
        n = self.size - len(sure)
        if n <= 0:
            raise ValueError(f"a shortlist of {self.size} cannot hold {len(sure)} words")
        drawn = others[torch.randperm(len(others), generator=generator)[:n]]
        words = torch.cat([sure, drawn])
        place = torch.zeros(len(always), dtype=torch.long)
        place[words] = torch.arange(self.size)
        shift = torch.zeros(self.size)
        shift[len(sure) :] = torch.log(torch.tensor(len(others) / n))
        return words, place[targets], shift
