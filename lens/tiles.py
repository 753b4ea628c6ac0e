# The statistics of rows without their logits: states meet the vocabulary in tiles, and
# of each tile is kept what the sums need. P positions, S states at each, which of them
# is the model's own output ("final"), C wide; V words in tiles of n.
#
# With m the largest logit so far and u = x - m, in nats:
#
#   s = sum exp(u)                   log-sum-exp      m + log s
#   e = sum exp(u) u                 entropy          log s - e/s
#   a = sum exp(uf) (uf - u)         KL(final || row) a/sf - log sf + log s
#
# uf and sf are of the final row at the same position. When m grows by d, and mf by df,
# all with the old s on the right:
#
#   s = exp(-d) s      e = exp(-d) (e - d s)      a = exp(-df) (a - (df - d) sf)
#
# Sums within a tile are float32, those of tiles float64. What a logit is, "factors" and
# "project" say, which stand in a text of their own.

def many(self, h: Tensor) -> Tensor:
    # The rows [M,C] of h [..,C] for "project", and some of zeros where they are few: a product of few
    # rows adds in another order, and rows would have other bits in another company.
    rows = h.reshape([-1, h.size(-1)])
    if rows.size(0) < 16:
        rows = torch.constant_pad_nd(rows, [0, 0, 0, 16 - rows.size(0)])
    return self.factors(rows)

def part(self, bias: Optional[Tensor], start: int, n: int) -> Optional[Tensor]:
    if bias is None:
        return None
    return bias.narrow(0, start, n)

def picked(self, bias: Optional[Tensor], ids: Tensor) -> Optional[Tensor]:
    if bias is None:
        return None
    return bias.index_select(0, ids)

def gather(self, state: Tensor, at: Tensor) -> Tensor:
    # The positions at [P] of a state [1,T,C]: [1,P,C]
    return state.index_select(1, at)

def rows_at(self, h: Tensor, at: Tensor) -> Tensor:
    # The positions at [Q] of h [P,S,C]
    return h.index_select(0, at)

def stack(self, states: List[Tensor]) -> Tensor:
    # S of [1,P,C] as [P,S,C]
    return torch.stack([h[0] for h in states], 1)

def logits(self, h: Tensor, weight: Tensor, bias: Optional[Tensor], cap: float, tile: int) -> Tensor:
    # All logits of h [1,P,C]: [1,P,V], the very numbers that the statistics are taken of.
    rows, V = self.many(h), weight.size(0)
    out = torch.empty([1, h.size(1), V], dtype=6, device=h.device)
    for v in range(0, V, tile):
        n = min(tile, V - v)
        out[0, :, v:v + n] = self.project(rows, weight.narrow(0, v, n), self.part(bias, v, n), cap)[:h.size(1)]
    return out

def chosen(self, h: Tensor, weight: Tensor, bias: Optional[Tensor], cap: float, ids: Tensor, which: Tensor) -> Tensor:
    # The logits of chosen words: of h [P,S,C], ids[which] with which [P,N]: [P,S,N].
    P, S = h.size(0), h.size(1)
    x = self.project(self.many(h), weight.index_select(0, ids), self.picked(bias, ids), cap)[:P * S]
    return x.view([P, S, -1]).gather(-1, which.unsqueeze(1).expand([-1, S, -1]))

def top(self, x: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    # The k largest of each row of x [P,S,n] by (value descending, index ascending); NaN
    # is larger than all, as in torch.sort. topk leaves open which of equal values it
    # takes, so where one was left out those of the smallest indices are looked up.
    n = x.size(-1)
    v, ids = torch.topk(x, k, -1)
    ids, order = torch.sort(ids, -1)
    v, order = torch.sort(v.gather(-1, order), stable=True, dim=-1, descending=True)
    ids = ids.gather(-1, order)
    odd = (self.count(x < v[..., -1:]) != n - k).nonzero()
    if odd.size(0) > 0:
        p, s = odd[:, 0], odd[:, 1]
        y, w, i = x[p, s], v[p, s], ids[p, s]
        least = w[:, -1:]
        last = (w == least).logical_or_(torch.isnan(w).logical_and_(torch.isnan(least)))
        same = (y == least).logical_or_(torch.isnan(y).logical_and_(torch.isnan(least)))
        # The first k of them: the largest of n - index, and 0 for the others.
        count = torch.arange(n, 0, -1, dtype=3, device=x.device)
        first = n - torch.topk(torch.where(same, count, torch.zeros_like(count)), k, -1)[0].to(4)
        none = torch.full_like(w, -float("inf"))
        i = torch.cat([torch.where(last, n, i), first], -1)
        w = torch.cat([torch.where(last, none, w), torch.where(first < n, least, none)], -1)
        i, order = torch.sort(i, stable=True, dim=-1)
        w, order = torch.sort(w.gather(-1, order), stable=True, dim=-1, descending=True)
        v[p, s] = w[:, :k]
        ids[p, s] = i.gather(-1, order)[:, :k]
    return v, ids

def count(self, yes: Tensor) -> Tensor:
    # How many of the last dimension; a sum of bool goes by way of a copy in int64.
    return yes.to(0).sum(-1, dtype=3)

def counts(self, x: Tensor, t: Tensor) -> Tuple[Tensor, Tensor]:
    # How many of x [Q,S,n] are larger than t [Q,S,N], and how many as large: [Q,S,N] each.
    above: List[Tensor] = []
    equal: List[Tensor] = []
    for j in range(t.size(-1)):
        one = t[:, :, j:j + 1]
        above.append(self.count(x > one))
        equal.append(self.count(x == one))
    return torch.stack(above, -1), torch.stack(equal, -1)

def read(self, h: Tensor, weight: Tensor, bias: Optional[Tensor], cap: float, tile: int, final: int, k: int, at: Tensor, ids: Tensor, t: Tensor) -> List[Tensor]:
    # Reads h [P,S,C]. At the positions at [Q], rising, ids [Q,N] are targets, whose
    # logits are t [Q,S,N] by "chosen"; Q may be 0. Returns, S first: the k largest logits
    # [S,P,k] and their ids, log-sum-exp, entropy and KL [S,P] in float64, and the
    # targets' logits, the number of larger ones and of equal ones, [S,Q,N] each.
    P, S, V, Q = h.size(0), h.size(1), weight.size(0), at.size(0)
    rows = self.many(h)
    # The least float32 is in the place of -inf, which would make differences NaN.
    m = torch.full([P, S], -3.4028234663852886e38, dtype=7, device=h.device)
    s, e, a = torch.zeros_like(m), torch.zeros_like(m), torch.zeros_like(m)
    best = torch.empty([P, S, 0], dtype=6, device=h.device)
    words = torch.empty([P, S, 0], dtype=4, device=h.device)
    own, above, equal = t, torch.zeros_like(t, dtype=4), torch.zeros_like(t, dtype=4)
    for v in range(0, V, tile):
        n = min(tile, V - v)
        x = self.project(rows, weight.narrow(0, v, n), self.part(bias, v, n), cap)[:P * S].view([P, S, n])
        w, i = self.top(x, min(k, n))
        best, order = torch.sort(torch.cat([best, w], -1), stable=True, dim=-1, descending=True)
        words = torch.cat([words, i + v], -1).gather(-1, order)
        if best.size(-1) > k:
            best, words = best[..., :k], words[..., :k]
        if Q > 0:
            y = x
            if Q < P:
                y = x.index_select(0, at)
            more, same = self.counts(y, t)
            above, equal = above + more, equal + same
            inside = (ids >= v).logical_and_(ids < v + n).unsqueeze(1)
            here = (ids - v).clamp(0, n - 1).unsqueeze(1).expand([-1, S, -1])
            own = torch.where(inside, y.gather(-1, here), own)
        new = torch.maximum(m, w[..., 0].to(7))
        d = new - m
        df, sf = d[:, final:final + 1], s[:, final:final + 1]
        a = torch.exp(-df) * (a - (df - d) * sf)
        shrink = torch.exp(-d)
        e = shrink * (e - d * s)
        s = shrink * s
        m = new
        u = x.sub_(m.to(6).unsqueeze(-1))
        p = torch.exp(u)
        apart = (u[:, final:final + 1] - u).mul_(p[:, final:final + 1])
        a = a + apart.sum(-1)
        s = s + p.sum(-1)
        e = e + p.mul_(u).sum(-1)
    if Q > 0 and not bool((own == t).logical_or_(torch.isnan(own).logical_and_(torch.isnan(t))).all()):
        # Here a product of few words does not have the bits of one of many: count again.
        above, equal = torch.zeros_like(above), torch.zeros_like(equal)
        for v in range(0, V, tile):
            n = min(tile, V - v)
            x = self.project(rows, weight.narrow(0, v, n), self.part(bias, v, n), cap)[:P * S].view([P, S, n])
            more, same = self.counts(x.index_select(0, at), own)
            above, equal = above + more, equal + same
    sf = s[:, final:final + 1]
    lse = torch.where(torch.isinf(m), m, m + torch.log(s))
    entropy = torch.log(s) - e / s
    kl = a / sf - torch.log(sf) + torch.log(s)
    return [self.rows_first(words), self.rows_first(best), self.rows_first(lse), self.rows_first(entropy), self.rows_first(kl),
            self.rows_first(own), self.rows_first(above), self.rows_first(equal)]

def rows_first(self, x: Tensor) -> Tensor:
    return x.transpose(0, 1).contiguous()
