# One block: attention and MLP, each on the normed stream, each added to it.

def forward(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:
    x = self.mid.forward(self.attn.forward(self.norm1.forward(x), mask) + x)
    return x + self.mlp.forward(self.norm2.forward(x))
