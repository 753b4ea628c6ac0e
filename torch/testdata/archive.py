"""Writes archive.pt, a TorchScript archive such as a user may bring:

    python3 archive.py

Two blocks in a ModuleList that return tuples, parameters that want gradients, a
buffer, and a module in training mode, whose results differ from those in use.
The methods are text, so that the archive names no file of the machine that made it.
"""

import torch


BLOCK = """
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    return x * self.weight, x
"""

MODEL = """
def forward(self, x: Tensor) -> Tensor:
    for block in self.h:
        x = block(x)[0]
    if self.training:
        x = x * 0
    return x + self.offset
"""


class Block(torch.jit.ScriptModule):
    def __init__(self, factor):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full([2], factor))
        self.define(BLOCK)


class Model(torch.jit.ScriptModule):
    def __init__(self):
        super().__init__()
        self.h = torch.nn.ModuleList([Block(2.0), Block(3.0)])
        self.register_buffer("offset", torch.tensor([1.0, -1.0]))
        self.define(MODEL)


Model().train().save("archive.pt")
