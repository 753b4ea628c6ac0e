# Which token comes next, from the logits x [1,1,V] of the last position. Forbidden
# ids cannot come. The answer is a tensor without a dimension.

def allowed(self, x: Tensor, forbidden: List[int]) -> Tensor:
    x = x[0, -1].clone()
    for id in forbidden:
        x[id] = float("-inf")
    return x

def greedy(self, x: Tensor, forbidden: List[int]) -> Tensor:
    # argmax takes the first of equals
    return torch.argmax(self.allowed(x, forbidden))

def sample(self, x: Tensor, forbidden: List[int], temperature: float, top_k: int, top_p: float, u: float) -> Tensor:
    # One token by chance, u in [0,1): of the top_k likeliest (0: of all), equal ones
    # by rising id, and of these of the fewest whose probabilities add up to top_p.
    v, ids = torch.sort(self.allowed(x, forbidden), stable=True, dim=-1, descending=True)
    if top_k > 0:
        v = v[:top_k]
    v = v.to(7)  # float64
    p = torch.softmax((v - v[0]) / temperature, -1)
    if bool(torch.isnan(p).any()):
        return torch.full([], -1, dtype=4)
    below = torch.cumsum(p, -1) - p
    n = int((below < top_p).sum())
    sums = torch.cumsum(p[:max(n, 1)], -1)
    at = int((sums <= u * sums[-1]).sum())
    return ids[min(at, sums.size(0) - 1)]
