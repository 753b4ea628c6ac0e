# What a sweep reads of a run's logits, as a notebook does: at the last position on the
# row x [V] alone, `logits[0, -1, :]`, and of a text's own words on the whole [1,T,V].

def row(self, logits: Tensor, at: int) -> Tensor:
    # one row of [1,M,V], which does not hold on to the others
    return logits[0, at, :].clone()

def log_softmax(self, x: Tensor) -> Tensor:
    return torch.log_softmax(x, -1)

def logprob(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    return torch.log_softmax(x, -1).gather(-1, ids)

def prob(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    return torch.softmax(x, -1).gather(-1, ids)

def logit(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    return x.gather(-1, ids)

def rank(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    # NaN ranks behind all numbers: the last rank. A vocabulary is far below 2**24, up to
    # which float32 counts exactly.
    t = x.gather(-1, ids)
    ranks: List[Tensor] = []
    for n in range(ids.size(-1)):
        ranks.append((x > t.narrow(-1, n, 1)).sum(-1) + 1)
    return torch.stack(ranks, -1).masked_fill_(torch.isnan(t), x.size(-1)).to(dtype=x.dtype)

def odd(self, x: Tensor) -> Tensor:
    # Of the rows of x: 2 where a logit is NaN, else 1 where one is infinite, else 0. The
    # largest and the least of a row are NaN where any is.
    most, least = x.amax(-1), x.amin(-1)
    infinite = torch.isinf(most).logical_or_(torch.isinf(least))
    return torch.isnan(most).to(4).mul_(2).add_(infinite.to(4))

def entropy(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    l = torch.log_softmax(x, -1)
    return -(l.exp() * l).sum(-1)

def kl(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    # KL(clean || run); clean are the clean run's log-probabilities
    return (clean.exp() * (clean - torch.log_softmax(x, -1))).sum(-1)

def diff(self, x: Tensor, clean: Tensor, ids: Tensor) -> Tensor:
    l = torch.log_softmax(x, -1)
    return l.index_select(-1, ids[0:1]).squeeze(-1) - l.index_select(-1, ids[1:2]).squeeze(-1)

def stack(self, rows: List[Tensor]) -> Tensor:
    # last states [1,1,C] as one [1,M,C]
    return torch.cat(rows, 1)

def batch(self, rows: List[Tensor]) -> Tensor:
    # streams [n,T,C] as one batch
    return torch.cat(rows, 0)

def last_rows(self, x: Tensor) -> Tensor:
    # the last positions of [n,T,C], as [1,n,C]
    return x[:, -1].unsqueeze(0).contiguous()

def same(self, a: Tensor, b: Tensor) -> bool:
    return torch.equal(a, b)
