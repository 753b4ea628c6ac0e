# One block: attention and MLP, each on the normed stream, each added to it.

def forward(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:
    return self.behind(x, self.attn.forward(self.norm1.forward(x), mask))

def forward_step(self, x: Tensor, mask: Optional[Tensor], past: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    # with the keys and values of the tokens before, as attention has them
    a, k, v = self.attn.forward_step(self.norm1.forward(x), mask, past)
    return self.behind(x, a), k, v

def behind(self, x: Tensor, a: Tensor) -> Tensor:
    # what follows on attention's part a
    x = self.mid.forward(a + x)
    return x + self.mlp.forward(self.norm2.forward(x))
