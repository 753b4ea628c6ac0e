# How positions turn queries and keys: for T positions from `first` on the cosines
# and sines, in the type of x. They are made in float32 and rounded once.

def tables(self, x: Tensor, first: int) -> List[Tensor]:
    n = self.n
    inv = 1.0 / torch.pow(self.theta, torch.arange(0, n, 2, dtype=4, device=x.device).to(6) / n)
    if hasattr(self, "linear"):
        inv = inv / self.factor
    if hasattr(self, "llama3"):
        inv = self.stretched(inv)
    at = torch.arange(first, first + x.size(1), dtype=4, device=x.device).to(6)
    turns = at[None, :, None] * inv
    if hasattr(self, "pairs"):
        # [1,T,1,n], in front of [B,T,H,D]: each angle for a pair of neighbours
        cos, sin = torch.cos(turns).to(x.dtype), torch.sin(turns).to(x.dtype)
        return [torch.repeat_interleave(cos[:, :, None], 2, 3), torch.repeat_interleave(sin[:, :, None], 2, 3)]
    # [1,1,T,n], in front of [B,H,T,D]: each angle for a number and the one n/2 behind
    turns = torch.cat([turns, turns], -1)
    return [turns.cos().to(x.dtype).unsqueeze(1), turns.sin().to(x.dtype).unsqueeze(1)]

def stretched(self, inv: Tensor) -> Tensor:
    # Llama 3: long waves are stretched by the factor, short ones not at all, and
    # those between by a part of it.
    if hasattr(self, "llama3"):
        length = 6.283185307179586 / inv
        slow = torch.where(length > self.original / self.low, inv / self.factor, inv)
        part = (self.original / length - self.low) / (self.high - self.low)
        mixed = (1 - part) * slow / self.factor + part * slow
        between = torch.logical_not(length < self.original / self.high) * torch.logical_not(length > self.original / self.low)
        return torch.where(between, mixed, slow)
    return inv
