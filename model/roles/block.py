# One block: attention and MLP, each on the normed stream x [B,T,C], each added to
# it. `around` is what attention needs besides.

def forward(self, x: Tensor, around: List[Tensor]) -> Tensor:
    n = self.before(x)
    return self.behind(x, n, self.attn.forward(n, around))

def forward_step(self, x: Tensor, around: List[Tensor], past: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    # with the keys and values of the tokens before, as attention has them
    n = self.before(x)
    a, k, v = self.attn.forward_step(n, around, past)
    return self.behind(x, n, a), k, v

def before(self, x: Tensor) -> Tensor:
    # what attention reads
    if hasattr(self, "post"):
        return x
    return self.norm1.forward(x)

def behind(self, x: Tensor, n: Tensor, a: Tensor) -> Tensor:
    # what follows on attention's part a, which it made of n
    if hasattr(self, "parallel"):
        if hasattr(self, "norm2"):
            n = self.norm2.forward(x)
        return a + self.mlp.forward(n) + x
    if hasattr(self, "post"):
        x = self.mid.forward(self.norm1.forward(x + a))
        return self.norm2.forward(x + self.mlp.forward(x))
    if hasattr(self, "attn_norm"):
        a = self.attn_norm.forward(a)
    x = self.mid.forward(a + x)
    m = self.mlp.forward(self.norm2.forward(x))
    if hasattr(self, "mlp_norm"):
        m = self.mlp_norm.forward(m)
    return x + m
