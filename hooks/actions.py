# What can be done to the tensor at a hook point, as TorchScript: x is the tensor
# there, usually [B,T,C], and the result takes its place.

def scale(self, x: Tensor, by: float) -> Tensor:
    return x * by

def zero(self, x: Tensor) -> Tensor:
    return torch.zeros_like(x)

def add(self, x: Tensor, v: Tensor) -> Tensor:
    self.fits(x, v)
    return x + v.to(x)  # in the type of x, which the modules behind want

def set(self, x: Tensor, v: Tensor) -> Tensor:
    self.fits(x, v)
    return torch.empty_like(x).copy_(v)

def fits(self, x: Tensor, v: Tensor) -> None:
    # v is repeated over the leading dimensions that it lacks: [C] acts on every position.
    # The message has one name for each, since it goes to people.
    assert v.dim() <= x.dim(), "a tensor of shape {} does not fit this point, which has the shape {}".format(v.size(), x.size())
    for d in range(v.dim()):
        n = v.size(v.dim() - 1 - d)
        assert n == 1 or n == x.size(x.dim() - 1 - d), "a tensor of shape {} does not fit this point, which has the shape {}".format(v.size(), x.size())
