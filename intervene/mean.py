# The mean of a point over the positions of many texts, summed in float64.

def add(self, x: Tensor, before: Optional[Tensor]) -> Tensor:
    # x [1,T,C] to its sum [C], and what was summed before
    s = x.double().sum([0, 1])
    if before is not None:
        return before + s
    return s

def mean(self, s: Tensor, n: int) -> Tensor:
    return (s / n).float()
