# What the lens keeps of a layer's logits x [1,T,V], as TorchScript. These are the
# notebook's own operations, each on the whole of x: sums over the vocabulary have
# other bits when a row is taken alone.

def log_softmax(self, x: Tensor) -> Tensor:
    return torch.log_softmax(x, -1)

def cells(self, x: Tensor, k: int, targets: Optional[Tensor], at: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    # At the positions at [P]: the top k ids, logits and probabilities [1,P,k], and
    # the log-sum-exp [1,P] in nats; and at every position the probabilities of N
    # targets, ids [T,N] or [N]: [1,T,N], and none without targets.
    logits, ids = self.top(x, k)
    p = torch.softmax(x, -1)
    probs = p.gather(-1, ids)
    mine = probs[..., :0]
    if targets is not None:
        mine = p.gather(-1, targets.expand([1, x.size(1), -1]))
    lse = torch.logsumexp(x, -1)
    return ids[:, at], logits[:, at], probs[:, at], lse[:, at], mine

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

def likeliest(self, x: Tensor, at: Tensor) -> Tensor:
    # argmax takes the first of equals. [1,P]
    return torch.argmax(x, -1)[:, at]

def track(self, x: Tensor, ids: Tensor, at: Tensor) -> Tuple[Tensor, Tensor]:
    # N tokens of each position's own, ids [T,N]: log-probability and probability, each [1,P,N].
    logs = torch.log_softmax(x, -1).gather(-1, ids[None])
    probs = torch.softmax(x, -1).gather(-1, ids[None])
    return logs[:, at], probs[:, at]

def targets(self, x: Tensor, l: Tensor, probs: Tensor, ids: Tensor, at: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    # Of N targets at each position, ids [T,N] or [N], with their probabilities [1,T,N]:
    # log-probability, probability, rank and ties, each [1,P,N]. The rank is 1 + the
    # number of larger logits; ties are the others that are as large.
    ids = ids.expand([1, x.size(1), -1])
    logs = l.gather(-1, ids)
    ranks: List[Tensor] = []
    ties: List[Tensor] = []
    for n in range(ids.size(-1)):
        t = x.gather(-1, ids[..., n:n + 1])
        ranks.append((x > t).sum(-1) + 1)
        ties.append((x == t).sum(-1) - 1)
    return logs[:, at], probs[:, at], torch.stack(ranks, -1)[:, at], torch.stack(ties, -1)[:, at]
