# The geometry of states of the residual stream, as TorchScript.

def variance(self, h: Tensor) -> Tensor:
    # The unbiased variance of each position's C activations, h [1,T,C]: [T].
    return h[0].var(-1)

def cosine(self, x: Tensor, first: int, count: int) -> Tensor:
    # The cosine similarity of rows first to first+count of x [N,C] with all of
    # them: [count,N]. The operands are broadcast as in a notebook; each pair has
    # the same bits however many are taken at a time.
    return torch.cosine_similarity(x[first:first + count, None], x[None], -1)

def through(self, states: List[Tensor], at: int) -> Tensor:
    # One position's path through the states, R of [1,T,C]: [R,C].
    return torch.stack([h[0, at] for h in states])

def tokens(self, h: Tensor) -> Tensor:
    return h[0]
