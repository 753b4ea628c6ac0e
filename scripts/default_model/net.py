"""GPT-2, written out for training on a CPU.

Parameters have the names and shapes that transformers' GPT2LMHeadModel gives
them, so a state dict of one loads into the other. Shapes: B sequences, T
tokens, C width, V vocabulary.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .attention import CausalAttention

SHAPE = dict(layers=12, width=128, heads=4, context=256, vocabulary=50257)


class Conv1D(nn.Module):
    """A linear map whose weight is (inputs, outputs), as GPT-2 stores it."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        flat = x.view(-1, x.shape[-1])
        y = torch.addmm(self.bias.to(x.dtype), flat, self.weight.to(x.dtype))
        return y.view(*x.shape[:-1], -1)


class Attention(nn.Module):
    """Causal attention of several heads; (B,T,C) to (B,T,C)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = Conv1D(width, 3 * width)
        self.c_proj = Conv1D(width, width)

    def forward(self, x):
        B, T, C = x.shape
        D = C // self.heads
        qkv = self.c_attn(x).view(B, T, 3, self.heads, D).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, B * self.heads, T, D).unbind(0)
        y = CausalAttention.apply(q, k, v).view(B, self.heads, T, D)
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    """The feed-forward half of a block; (B,T,C) to (B,T,C)."""

    def __init__(self, width):
        super().__init__()
        self.c_fc = Conv1D(width, 4 * width)
        self.c_proj = Conv1D(4 * width, width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Block(nn.Module):
    """One block: attention, then feed-forward, each added to the stream."""

    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = MLP(width)

    def forward(self, x, dtype):
        x = x + self.attn(self.ln_1(x).to(dtype))
        return x + self.mlp(self.ln_2(x).to(dtype))


class Transformer(nn.Module):
    """Holds the weights under the names that transformers uses."""

    def __init__(self, layers, width, heads, context, vocabulary):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)


class GPT2(nn.Module):
    """The model up to the head; the head's matrix is transformer.wte.weight."""

    def __init__(self, **shape):
        super().__init__()
        self.shape = shape or dict(SHAPE)
        self.transformer = Transformer(**self.shape)

    def initialise(self, seed):
        """Fills the weights as GPT-2 does: normal with 0.02, and the maps that
        write into the residual stream divided by sqrt(2 layers)."""
        generator = torch.Generator().manual_seed(seed)
        for name, p in self.named_parameters():
            if p.dim() < 2:
                continue
            std = 0.02
            if name.endswith("c_proj.weight"):
                std /= math.sqrt(2 * self.shape["layers"])
            with torch.no_grad():
                p.normal_(0, std, generator=generator)

    def embed(self, ids):
        """Returns the token embeddings (B,T,C) of ids, without positions."""
        return self.transformer.wte(ids)

    def states(self, x, dtype=torch.bfloat16):
        """Returns ln_f of the last state (B,T,C) for token embeddings x.

        Matrix products inside the blocks are done in dtype; the residual
        stream and the layer norms stay in float32.
        """
        return self.rows(x, [len(self.transformer.h)], dtype)[0]

    def rows(self, x, rows, dtype=torch.bfloat16):
        """Returns ln_f of the states (B,T,C) after the given numbers of blocks,
        in rising order: what the normed lens puts into the head."""
        t = self.transformer
        x, out = x + t.wpe.weight[: x.shape[1]], []
        for number, block in enumerate(t.h, 1):
            x = block(x, dtype)
            if number in rows:
                out.append(t.ln_f(x))
        return out
