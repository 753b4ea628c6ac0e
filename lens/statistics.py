# What the lens keeps of a layer's logits x [1,T,V], as TorchScript. These are the
# notebook's own operations, each on the whole of x: sums over the vocabulary have
# other bits when a row is taken alone.

def log_softmax(self, x: Tensor) -> Tensor:
    return torch.log_softmax(x, -1)

def pick(self, x: Tensor, at: Tensor, ids: Tensor) -> Tensor:
    # Of x [1,T,V] the words ids [P,N] at the positions at [P]: [P,N].
    return x[0][at[:, None], ids]

def cells(self, x: Tensor, at: Tensor, ids: Tensor, targets_at: Tensor, targets: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # The probabilities of candidates, ids [P,K] at positions at [P], and of targets,
    # [Q,N] at positions [Q]; and the log-sum-exp [P] in nats.
    p = torch.softmax(x, -1)
    return self.pick(p, at, ids), self.pick(p, targets_at, targets), torch.logsumexp(x, -1)[0, at]

def exp(self, l: Tensor) -> Tensor:
    return l.exp()

def spread(self, l: Tensor, final: Tensor, chances: Optional[Tensor], at: Tensor) -> Tuple[Tensor, Tensor]:
    # Of log-softmax l, and that of the model's own output, whose exp is given or made:
    # entropy and KL(final || l), each [1,P], in nats. Products are made in place, for
    # memory's sake: the bits are the same.
    entropy = -(l.exp().mul_(l)).sum(-1)
    if chances is None:
        chances = final.exp()
    kl = (final - l).mul_(chances).sum(-1)
    return entropy[:, at], kl[:, at]

def top(self, x: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    # The k largest by (value descending, id ascending). topk leaves open which of
    # equal values it takes, and in which order: where an equal one was left out,
    # all are sorted.
    v, ids = torch.topk(x, k, -1)
    if bool(((x < v[..., -1:]).sum(-1) == x.size(-1) - k).all()):  # NaN is not less
        ids, order = torch.sort(ids, -1)
        v, order = torch.sort(v.gather(-1, order), stable=True, dim=-1, descending=True)
        return v, ids.gather(-1, order)
    v, ids = torch.sort(x, stable=True, dim=-1, descending=True)
    return v[..., :k], ids[..., :k]

def track(self, x: Tensor, ids: Tensor, at: Tensor) -> Tuple[Tensor, Tensor]:
    # N tokens of each position's own, ids [T,N]: log-probability and probability, each [1,P,N].
    logs = torch.log_softmax(x, -1).gather(-1, ids[None])
    probs = torch.softmax(x, -1).gather(-1, ids[None])
    return logs[:, at], probs[:, at]

def choose(self, x: Tensor, k: int, at: Tensor, ids: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    # At the positions at [P]: the top k ids and logits [P,k]; and of words, ids [P,N], rank and
    # ties, [P,N]. The rank is 1 + the number of larger logits; ties are the others that
    # are as large. NaN ranks behind all numbers: the last rank, and no ties.
    v, best = self.top(x, k)
    ranks: List[Tensor] = []
    ties: List[Tensor] = []
    for n in range(ids.size(-1)):
        t = torch.empty_like(x[..., :1])
        t[0, at, 0] = self.pick(x, at, ids[:, n:n + 1])[:, 0]
        none = torch.isnan(t)[..., 0]
        ranks.append(((x > t).sum(-1) + 1).masked_fill_(none, x.size(-1))[0, at])
        ties.append(((x == t).sum(-1) - 1).masked_fill_(none, 0)[0, at])
    if len(ranks) == 0:
        return best[0, at], v[0, at], ids, ids
    return best[0, at], v[0, at], torch.stack(ranks, -1), torch.stack(ties, -1)
