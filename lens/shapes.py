# Products, as the model and the lens make them, and what tells their results apart.

def linear(self, x: Tensor, w: Tensor) -> Tensor:
    return torch.linear(x, w)

def addmm(self, x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    # x [M,in], w [in,out]
    return torch.addmm(b, x, w)

def differ(self, a: Tensor, b: Tensor) -> int:
    # how many numbers of the rows that both have are not the same
    n = min(a.size(-2), b.size(-2))
    return int((a.narrow(-2, 0, n) != b.narrow(-2, 0, n)).sum())

def moved(self, w: Tensor, by: int) -> Tensor:
    # a copy of w [V,C] that begins `by` numbers behind the start of its memory, which is a multiple of 64 bytes
    flat = torch.empty([w.numel() + by], dtype=w.dtype)
    return flat.narrow(0, by, w.numel()).view(w.size()).copy_(w)
