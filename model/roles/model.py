# The whole model. The methods `run_blocks` and `step_blocks` are written for each
# model, since a module's children can only be named by constants.

def embed(self, ids: Tensor) -> Tensor:
    # ids [B,T] to the residual stream before the first block, [B,T,C]
    return self.embed_at(ids, 0)

def embed_at(self, ids: Tensor, first: int) -> Tensor:
    # the same for ids that begin at position `first`
    at = torch.arange(first, first + ids.size(1), dtype=4, device=ids.device).unsqueeze(0)
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

def trunk_step(self, ids: Tensor, past: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
    # The same of ids [B,T] behind the tokens of past, which is empty, or the keys and
    # values of every block, k0, v0, k1, v1 and so on; those of all tokens come back.
    # Behind a past T is 1, and nothing is there to be masked.
    first = 0
    mask: Optional[Tensor] = None
    if len(past) > 0:
        first = past[0].size(2)
    x = self.embed_at(ids, first)
    if len(past) == 0:
        mask = self.mask(x)
    x, now = self.step_blocks(x, mask, past)
    return self.norm.forward(x), now

def forward(self, ids: Tensor) -> Tensor:
    # logits [B,T,V]
    return self.head.forward(self.trunk(ids))
