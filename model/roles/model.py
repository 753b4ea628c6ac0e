# The whole model. The method `run_blocks` is written for each model, since a
# module's children can only be named by constants.

def embed(self, ids: Tensor) -> Tensor:
    # ids [B,T] to the residual stream before the first block, [B,T,C]
    at = torch.arange(ids.size(1), dtype=4, device=ids.device).unsqueeze(0)
    return self.drop.forward(self.tokens.forward(ids) + self.positions.forward(at))

def mask(self, x: Tensor) -> Optional[Tensor]:
    # eager attention adds the lowest number where a later position would be seen
    if hasattr(self, "eager"):
        T = x.size(1)
        lowest = torch.full([T, T], -3.4028234663852886e+38, dtype=x.dtype, device=x.device)
        return torch.triu(lowest, 1)[None, None]
    return None

def trunk(self, ids: Tensor) -> Tensor:
    # the normed last state, [B,T,C]
    x = self.embed(ids)
    return self.norm.forward(self.run_blocks(x, self.mask(x)))

def forward(self, ids: Tensor) -> Tensor:
    # logits [B,T,V]
    return self.head.forward(self.trunk(ids))
