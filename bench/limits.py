# What the machine can do: its arithmetic, by a product as large as it needs to be, and
# its memory, by one pass over an array that no cache holds.

def squares(self, n: int, like: Tensor) -> List[Tensor]:
    # two matrices [n,n] of like's dtype, where like is
    return [torch.rand([n, n], dtype=like.dtype, device=like.device), torch.rand([n, n], dtype=like.dtype, device=like.device)]

def array(self, n: int, like: Tensor) -> Tensor:
    return torch.ones([n], dtype=like.dtype, device=like.device)

def product(self, a: Tensor, b: Tensor) -> Tensor:
    return torch.mm(a, b)[0, 0]

def forward(self, x: Tensor) -> Tensor:
    # golens's own product comes in its place
    return x

def total(self, x: Tensor) -> Tensor:
    return torch.sum(x)
