# The product of tiles.py for GPUs that multiply matrices of TF32 numbers, and how what is
# read from such logits is made certain.
#
# A float32 number is x = x1 + x2 + r, where x1 and x2 are TF32 numbers (10 bits behind the
# leading one) and |r| <= 2^-22 |x|. Of h w the products h1 w1 + h1 w2 + h2 w1 are taken,
# which are exact in float32, and summed in float32. With u = 2^-23, by which an addition
# of a tensor core may be off (it cuts off, where others round), C products, and |h||w| a
# bound of sum |h||w|:
#
#   h2 w2, rh w and h rw left out         3 2^-22 |h||w|      =  6 u |h||w|
#   C additions of h1 w1                                         C u |h||w|
#   2 C additions of what is 2^-11 of it  4 C 2^-11 u |h||w|  <  C u |h||w| / 256
#   the three sums, the bias, float32                            4 u (|h||w| + |bias|)
#
# That, and a part in a hundred for products of such small numbers, is the margin. Below
# the normal numbers, where a part may be lost whole, there is 1e-30 more for each length.

def cut(self, x: Tensor) -> Tensor:
    # x rounded to TF32, so that a tensor core has nothing to cut off: 11 of its 24 bits.
    # What is too large for that becomes NaN.
    y = x * 8193.0
    return y.sub_(y - x)

def factors(self, rows: Tensor) -> Tensor:
    # The two parts of rows [M,C] side by side: [M,2C].
    first = self.cut(rows)
    return torch.cat([first, self.cut(rows - first)], 1)

def project(self, rows: Tensor, weight: Tensor, bias: Optional[Tensor], cap: float) -> Tensor:
    # The logits [M,n] of rows of two parts [M,2C], near those of float32. cap is 0.
    C = weight.size(1)
    h1, h2 = rows.narrow(1, 0, C), rows.narrow(1, C, C)
    w1 = self.cut(weight)
    w2 = self.cut(weight - w1)
    x = torch.mm(h1, w2.t()).addmm_(h2, w1.t()).addmm_(h1, w1.t())
    if bias is not None:
        x = x.add_(bias)
    return x

def lengths(self, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    # The largest |w| of a word, and the largest |bias|, in float64: [2].
    w = torch.linalg_vector_norm(weight, 2, [1], dtype=7).max()
    b = torch.zeros_like(w)
    if bias is not None:
        b = bias.to(7).abs().max()
    return torch.stack([w, b])

def margins(self, h: Tensor, lengths: Tensor) -> Tensor:
    # By how much near logits of h [S,P,C] may be off: [S,P] in float64.
    C, w, b = h.size(2), lengths[0], lengths[1]
    n = torch.linalg_vector_norm(h, 2, [2], dtype=7)
    return (1.02 * C + 12.0) * 1.1920928955078125e-07 * (n * w + b) + 1e-30 * (n + w + 1.0)

def holds(self, rows: Tensor, weight: Tensor, bias: Optional[Tensor]) -> bool:
    # Whether the near logits of rows [M,C] are within their margins of sums in float64.
    off = self.project(self.factors(rows), weight, bias, 0.0).to(7) - torch.linear(rows.to(7), weight.to(7))
    if bias is not None:
        off = off - bias.to(7)
    return bool((off.abs() <= self.margins(rows.unsqueeze(0), self.lengths(weight, bias)).t()).all())

def again(self, h: Tensor, weight: Tensor, bias: Optional[Tensor], cell: Tensor, ids: Tensor) -> Tensor:
    # The logits [n] of words ids [n] in rows cell [n] of h [M,C], summed in float64 and
    # rounded to float32.
    n, step = ids.size(0), max(1, (1 << 22) // h.size(1))
    out = torch.empty([n], dtype=6, device=h.device)
    for i in range(0, n, step):
        c, w = cell[i:i + step], ids[i:i + step]
        x = weight.index_select(0, w).to(7).mul_(h.index_select(0, c)).sum(-1)
        b = self.picked(bias, w)
        if b is not None:
            x = x + b
        out[i:i + step] = x.to(6)
    return out

def settle(self, h: Tensor, weight: Tensor, bias: Optional[Tensor], lengths: Tensor, k: int, at: Tensor, ids: Tensor, found: List[Tensor]) -> List[Tensor]:
    # Makes certain what "read" found of h [P,S,C] with some more than k candidates: those
    # that by the margin may be among the k best, or on the other side of a target that
    # stands before the last of them, are computed again. Returns what "read" does, of k
    # candidates, and which positions [P] are to be read otherwise (1): where there are more
    # such words than candidates, a margin too wide for the sums, or a logit that is off by
    # more than it.
    words, x, lse, entropy, kl, _, above, equal = found
    h = h.transpose(0, 1).contiguous()
    S, P, Q, N = h.size(0), h.size(1), ids.size(0), ids.size(1)
    rows, margin = h.view([S * P, -1]), self.margins(h, lengths)
    m = margin.unsqueeze(-1)
    near = x >= x[..., k - 1:k] - 2.0 * m
    lost = (margin < 0.5).logical_and_(x[..., 0].abs() < float("inf")).logical_not_().logical_or_(near[..., -1])
    # The targets' logits, and which of them are decided among the candidates.
    cell = (torch.arange(S, device=h.device)[:, None, None] * P + at[:, None]).expand([S, Q, N])
    own = self.again(rows, weight, bias, cell.reshape([-1]), ids.expand([S, Q, N]).reshape([-1])).view([S, Q, N])
    mq, xq = m.index_select(1, at), x.index_select(1, at)
    early = own - mq > xq[..., -1:]
    around = ((xq.unsqueeze(2) - own.unsqueeze(-1)).abs() <= mq.unsqueeze(-1)).logical_and_(early.unsqueeze(-1)).any(2)
    near = near.index_copy(1, at, near.index_select(1, at).logical_or_(around))
    near = near.logical_and_(lost.any(0)[:, None].logical_not())
    spots = near.nonzero()
    y = x.masked_scatter(near, self.again(rows, weight, bias, spots[:, 0] * P + spots[:, 1], words.masked_select(near)))
    lost = lost.logical_or_(((y - x).abs() <= m).all(-1).logical_not_())
    # Ranks: a word that was not computed again is farther from the target than the margin.
    yq = y.index_select(1, at).unsqueeze(2)
    above = torch.where(early, self.count(yq > own.unsqueeze(-1)), above)
    equal = torch.where(early, self.count(yq == own.unsqueeze(-1)), equal)
    # The sums, with these words' logits in the place of the near ones.
    was, now = x.to(7) - lse.unsqueeze(-1), y.to(7) - lse.unsqueeze(-1)
    p, q, none = torch.exp(was), torch.exp(now), torch.zeros_like(was)
    more = torch.where(near, q - p, none).sum(-1)
    mean = torch.where(near, q * now - p * was, none).sum(-1) - entropy
    lse, entropy = lse + torch.log1p(more), torch.log1p(more) - mean / (1.0 + more)
    words, order = torch.sort(words, -1)
    y, order = torch.sort(y.gather(-1, order), stable=True, dim=-1, descending=True)
    words = words.gather(-1, order)
    return [words[..., :k].contiguous(), y[..., :k].contiguous(), lse, entropy, kl, own, above, equal, lost.any(0).to(4)]
