"""Causal attention with its gradient, for short contexts on a CPU.

For contexts of a few hundred tokens the whole matrix of weights (T,T) of a
head fits in the cache, and plain batched products take about half the time of
torch's own blocked kernel, whose gradient is slow on CPUs. D is the width of a
head, N the number of (sequence, head) pairs.
"""

import math

import torch

from .loss import compiled


def _weights(scores, scale):
    """Returns the causal softmax (N,T,T) of scaled scores, in their dtype."""
    T = scores.shape[-1]
    place = torch.arange(T)
    future = place[None, :] > place[:, None]
    s = (scores.float() * scale).masked_fill(future, float("-inf"))
    e = torch.exp(s - s.amax(-1, keepdim=True))
    return (e / e.sum(-1, keepdim=True)).to(scores.dtype)


def _dscores(weights, dweights, scale):
    """Returns the gradient by the scores from that by the weights."""
    w, d = weights.float(), dweights.float()
    return (w * (d - (w * d).sum(-1, keepdim=True)) * scale).to(weights.dtype)


weights_of, dscores_of = compiled(_weights), compiled(_dscores)


class CausalAttention(torch.autograd.Function):
    """softmax(q kT / sqrt(D), causal) v, for q, k, v of (N,T,D)."""

    @staticmethod
    def forward(ctx, q, k, v):
        weights = weights_of(q @ k.transpose(1, 2), 1 / math.sqrt(q.shape[-1]))
        ctx.save_for_backward(q, k, v, weights)
        return weights @ v

    @staticmethod
    def backward(ctx, dy):
        q, k, v, weights = ctx.saved_tensors
        scale = 1 / math.sqrt(q.shape[-1])
        dscores = dscores_of(weights, dy @ v.transpose(1, 2), scale)
        return dscores @ k, dscores.transpose(1, 2) @ q, weights.transpose(1, 2) @ dy
