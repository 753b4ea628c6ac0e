"""The vectorised way with oneDNN's packed weights, as torch.compile has them when it freezes a model.

What PyTorch offers for it, torch.ops.mkldnn, is not documented; a compiled and frozen
module calls the same operations. Weights are there twice.
"""

import torch
from torch import nn

from bench_peers.ways import vectorised


class Packed(nn.Module):
    """x @ weight.T + bias, from weights [out,in] that were brought into oneDNN's own order."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous()), bias

    def forward(self, x):
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


class Way(vectorised.Way):
    rows = 104  # the fastest of 52 to 832, by a sixth

    def __init__(self, folder):
        super().__init__(folder)
        with torch.inference_mode():
            for block in self.body.h:
                for parent, name in ((block.attn, "c_attn"), (block.attn, "c_proj"), (block.mlp, "c_fc"), (block.mlp, "c_proj")):
                    linear = getattr(parent, name)  # a Conv1D, whose weight is [in,out]
                    setattr(parent, name, Packed(linear.weight.detach().T, linear.bias.detach()))
            self.unembed = Packed(self.model.lm_head.weight.detach(), None)
