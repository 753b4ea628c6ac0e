# What the means of a text are made of, of a layer's logits x [1,T,V]: the definitions of
# statistics.py, in tiles of some rows each, which stay in the processor's cache. A row's
# bits are the same in every tile of two rows or more: the caller looks whether they are.

def log_softmax(self, x: Tensor) -> Tensor:
    return torch.log_softmax(x, -1)

def scores(self, x: Tensor, final: Tensor, ids: Tensor, size: int) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    # Of logits x [1,T,V], with the log-softmax final of the model's own output, and a
    # target at each position, ids [T,1]; in tiles of about size rows:
    # entropy, KL(final || row), the target's log-probability, its rank and ties, the
    # likeliest token, and whether any logit is NaN, each [1,T].
    T = x.size(1)
    count = (T + size - 1) // size
    parts: List[List[Tensor]] = []
    for n in range(count):
        a, b = T * n // count, T * (n + 1) // count
        # exp is made anew for each row of a layer: of all positions it would be as large as x.
        parts.append(self.tile(x[:, a:b], final[:, a:b], final[:, a:b].exp(), ids[None, a:b]))
    return self.joined(parts)

def together(self, x: Tensor, ids: Tensor, size: int) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    # The same of the logits of S states at n positions, x [S,n,V], the first of which are
    # the model's own output: each [S,n].
    S, T = x.size(0), x.size(1)
    count = (T + size - 1) // size
    parts: List[List[Tensor]] = []
    for n in range(count):
        a, b = T * n // count, T * (n + 1) // count
        final = torch.log_softmax(x[:1, a:b], -1)
        chances = final.exp()
        rows: List[List[Tensor]] = []
        for s in range(S):
            rows.append(self.tile(x[s:s + 1, a:b], final, chances, ids[None, a:b]))
        parts.append([torch.cat([r[i] for r in rows]) for i in range(7)])
    return self.joined(parts)

def joined(self, parts: List[List[Tensor]]) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    out: List[Tensor] = []
    for i in range(7):
        out.append(torch.cat([p[i] for p in parts], -1))
    return out[0], out[1], out[2], out[3], out[4], out[5], out[6]

def tile(self, x: Tensor, final: Tensor, chances: Tensor, own: Tensor) -> List[Tensor]:
    l = torch.log_softmax(x, -1)
    target = x.gather(-1, own)
    # Ones are counted as floats, which is exact up to 2^24 and several times as fast.
    ones = torch.empty_like(x)
    rank = torch.gt(x, target, out=ones).sum(-1).long() + 1
    ties = torch.eq(x, target, out=ones).sum(-1).long() - 1
    none = torch.isnan(target)[..., 0]  # ranks behind all numbers
    rank, ties = rank.masked_fill_(none, x.size(-1)), ties.masked_fill_(none, 0)
    logprob = l.gather(-1, own)[..., 0]
    best = torch.argmax(x, -1)
    bad = torch.isnan(x.gather(-1, best[..., None]))[..., 0]  # NaN is the largest to argmax
    entropy = -(l.exp().mul_(l)).sum(-1)
    kl = torch.sub(final, l, out=l).mul_(chances).sum(-1)
    return [entropy, kl, logprob, rank, ties, best, bad]

def serves(self, x: Tensor, size: int) -> bool:
    # Whether what has bits to differ in, log-softmax, its exp, and sums, has the same in
    # tiles as on all of x [1,T,V]. One tensor as large as x is there at a time.
    T = x.size(1)
    count = (T + size - 1) // size
    whole = torch.log_softmax(x, -1)
    for n in range(count):
        a, b = T * n // count, T * (n + 1) // count
        if not torch.equal(torch.log_softmax(x[:, a:b], -1), whole[:, a:b]):
            return False
    whole = whole.exp_()
    sums: List[Tensor] = []
    for n in range(count):
        a, b = T * n // count, T * (n + 1) // count
        p = torch.log_softmax(x[:, a:b], -1).exp()
        if not torch.equal(p, whole[:, a:b]):
            return False
        sums.append(p.sum(-1))
    return torch.equal(torch.cat(sums, -1), whole.sum(-1))
