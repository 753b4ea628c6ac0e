# The whole model. The methods `run_blocks`, `step_blocks` and `around_block` are
# written for each model, since a module's children can only be named by constants.

def embed(self, ids: Tensor) -> Tensor:
    # ids [B,T] to the residual stream before the first block, [B,T,C]
    return self.embed_at(ids, 0)

def embed_at(self, ids: Tensor, first: int) -> Tensor:
    # the same for ids that begin at position `first`
    x = self.tokens.forward(ids)
    if hasattr(self, "project_in"):
        x = self.project_in.forward(x)
    if hasattr(self, "positions"):
        row = first + self.offset
        at = torch.arange(row, row + ids.size(1), dtype=4, device=ids.device).unsqueeze(0)
        x = x + self.positions.forward(at)
    return self.drop.forward(x)

def around(self, x: Tensor, first: int) -> List[List[Tensor]]:
    # What attention needs besides the stream x [B,T,C], whose tokens begin at the
    # position `first`: for blocks that see all, and for those that have a window.
    whole: List[Tensor] = []
    if hasattr(self, "rotary"):
        whole = self.rotary.tables(x, first)
    kinds = [whole + self.mask(x, first, 0)]
    if hasattr(self, "window"):
        near = whole
        if hasattr(self, "rotary_local"):
            near = self.rotary_local.tables(x, first)
        kinds.append(near + self.mask(x, first, self.window))
    return kinds

def mask(self, x: Tensor, first: int, window: int) -> List[Tensor]:
    # A mask [1,1,T,P] over the P keys, or none where the kernel does it or a lone
    # token sees all that is kept. A token sees the `window` last, itself one of them; 0
    # stands for all.
    T = x.size(1)
    P = first + T
    if first > 0 and window == 0:
        return []
    if not hasattr(self, "eager"):
        if window == 0 or P < window:
            return []
        if first > 0:
            # nothing is masked, but with a mask attention shares keys in another way
            return [torch.ones([1, 1, 1, window], dtype=11, device=x.device)]
    if not hasattr(self, "whole_cache"):
        if first > 0:
            return []
    keys = torch.arange(P, dtype=4, device=x.device)
    at = torch.arange(first, P, dtype=4, device=x.device).unsqueeze(-1)
    seen = keys <= at
    if window > 0:
        seen = torch.logical_and(seen, keys > at - window)
    seen = seen[None, None]
    if not hasattr(self, "eager"):
        return [seen]
    lowest = -3.4028234663852886e+38
    if x.dtype == 15:
        lowest = -3.3895313892515355e+38
    if x.dtype == 5:
        lowest = -65504.0
    return [torch.where(seen, torch.zeros([], dtype=x.dtype, device=x.device), torch.full([], lowest, dtype=x.dtype, device=x.device))]

def trunk(self, ids: Tensor) -> Tensor:
    # the normed last state, [B,T,C]
    x = self.embed(ids)
    return self.norm.forward(self.run_blocks(x, self.around(x, 0)))

def trunk_step(self, ids: Tensor, first: int, past: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
    # The same of ids [B,T] behind the `first` tokens of past, which is empty, or the
    # keys and values of every block, k0, v0, k1, v1 and so on; those that the next
    # token needs come back. Behind a past T is 1.
    x = self.embed_at(ids, first)
    x, now = self.step_blocks(x, self.around(x, first), past)
    return self.norm.forward(x), now

def forward(self, ids: Tensor) -> Tensor:
    # logits [B,T,V]
    return self.head.forward(self.trunk(ids))
