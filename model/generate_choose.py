# Which token comes next, from the logits of the last position: x [1,V], float32. A
# step takes and returns such logits, by the operations of transformers' processor.

def last(self, x: Tensor) -> Tensor:
    return x[:, -1]

def likeliest(self, x: Tensor) -> Tensor:
    # argmax takes the first of equals
    return torch.argmax(x, dim=-1)

def drawn(self, x: Tensor, u: float) -> Tensor:
    # One token by chance, u in [0,1); -1 where there are no probabilities.
    p = torch.softmax(x, dim=-1)[0]
    if bool(torch.isnan(p).any()):
        return torch.full([1], -1, dtype=4)
    p, ids = torch.sort(p.to(7), stable=True, dim=-1, descending=True)  # float64
    sums = torch.cumsum(p, -1)
    at = int((sums <= u * sums[-1]).sum())
    return ids[min(at, sums.size(0) - 1)].unsqueeze(0)

def index(self, x: Tensor, ids: List[int]) -> Tensor:
    return torch.tensor(ids, dtype=4, device=x.device)

def forbid(self, x: Tensor, ids: List[int]) -> Tensor:
    return x.index_fill(1, self.index(x, ids), float("-inf"))

def force(self, x: Tensor, ids: List[int]) -> Tensor:
    return torch.full_like(x, float("-inf")).index_fill(1, self.index(x, ids), 0.0)

def add_bias(self, x: Tensor, ids: List[int], values: Tensor) -> Tensor:
    return x + torch.zeros_like(x).index_copy(1, self.index(x, ids), values.to(x.device).unsqueeze(0))

def penalize(self, x: Tensor, ids: List[int], penalty: float) -> Tensor:
    at = self.index(x, ids).unsqueeze(0)
    score = torch.gather(x, 1, at)
    score = torch.where(score < 0, score * penalty, score / penalty)
    return x.scatter(1, at, score)

def remove_invalid(self, x: Tensor) -> Tensor:
    largest = 3.4028234663852886e38
    y = torch.where(x != x, 0.0, x)
    y = torch.where(x == float("inf"), largest, y)
    return torch.where(x == float("-inf"), -largest, y)

def decay(self, x: Tensor, ends: List[int], factor: float, n: float) -> Tensor:
    at = self.index(x, ends)
    ending = x[:, at]
    penalty = torch.abs(ending) * (pow(factor, n) - 1)
    penalty = penalty.masked_fill(~torch.isfinite(ending), 0.0)
    return x + torch.zeros_like(x).index_copy(1, at, penalty)

def normalize(self, x: Tensor) -> Tensor:
    return torch.log_softmax(x, dim=-1)

# Of here on the steps of sampling: what is not drawn becomes minus infinity.

def warm(self, x: Tensor, temperature: float) -> Tensor:
    return x / temperature

def entropy(self, x: Tensor) -> Tensor:
    # as torch.distributions.Categorical(logits=x).entropy()
    x = x - torch.logsumexp(x, dim=-1, keepdim=True)
    return -(torch.clamp(x, min=-3.4028234663852886e38) * torch.softmax(x, dim=-1)).sum(-1)

def top_h(self, x: Tensor, part: float) -> Tensor:
    top, at = torch.topk(x, min(100, x.size(-1)), dim=-1)
    p = torch.softmax(top - torch.logsumexp(top, dim=-1, keepdim=True), dim=-1)
    tau = (self.entropy(top) * part).unsqueeze(-1)
    keep = torch.cumsum(-p * torch.log(p), dim=-1) <= tau
    keep[:, 0] = True
    kept = torch.zeros_like(x, dtype=11).scatter(1, at, keep)  # bool
    return x.masked_fill(~kept, float("-inf"))

def top_k(self, x: Tensor, k: int) -> Tensor:
    least = torch.topk(x, min(k, x.size(-1)))[0][:, -1:]
    return x.masked_fill(x < least, float("-inf"))

def top_p(self, x: Tensor, p: float) -> Tensor:
    v, at = torch.sort(x, descending=False)
    remove = torch.cumsum(torch.softmax(v, dim=-1), dim=-1) <= 1 - p
    remove[:, -1:] = False
    return x.masked_fill(remove.scatter(1, at, remove), float("-inf"))

def min_p(self, x: Tensor, part: float) -> Tensor:
    p = torch.softmax(x, dim=-1)
    remove = p < part * p.amax(dim=[-1], keepdim=True)
    remove = remove.scatter(-1, torch.topk(p, 1, dim=-1)[1], False)
    return x.masked_fill(remove, float("-inf"))

def typical(self, x: Tensor, mass: float) -> Tensor:
    logp = torch.log_softmax(x, dim=-1)
    entropy = -torch.nansum(logp * torch.exp(logp), dim=-1, keepdim=True)
    v, at = torch.sort(torch.abs((-logp) - entropy), descending=False)
    sums = torch.cumsum(torch.softmax(x.gather(-1, at), dim=-1), dim=-1)
    end = torch.clamp((sums < mass).sum(dim=1), max=v.size(-1) - 1)
    remove = v > v.gather(1, end.view(-1, 1))
    remove[:, :1] = False
    return x.masked_fill(remove.scatter(1, at, remove), float("-inf"))

def rare(self, x: Tensor, remove: Tensor) -> Tensor:
    return x.masked_fill(remove & (x < torch.topk(x, 1)[0][:, -1:]), float("-inf"))

def epsilon(self, x: Tensor, least: float) -> Tensor:
    return self.rare(x, torch.softmax(x, dim=-1) < least)

def eta(self, x: Tensor, cutoff: float) -> Tensor:
    least = torch.tensor(cutoff, dtype=6, device=x.device)  # float32
    least = torch.min(least, torch.sqrt(least) * torch.exp(-self.entropy(x)))
    return self.rare(x, torch.softmax(x, dim=-1) < least.unsqueeze(-1))


# The last position [1,1,C] of states [1,T,C], with the strides of a tensor of its own. A
# slice keeps the strides of the whole: PyTorch then multiplies it as a batch, where a
# notebook, whose weights want gradients, has a plain product. Their bits may differ.
def last_position(self, x: Tensor) -> Tensor:
    x = x[:, -1:]
    return x.reshape(1, 1, x.size(2))
