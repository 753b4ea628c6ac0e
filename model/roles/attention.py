# Causal self-attention: x [B,T,C] to [B,T,C], over H heads of head_dim. The mask is
# [1,1,T,T], added to the scores; without one the kernel masks by itself.

def forward(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:
    q, k, v = self.heads(x)
    return self.attend(q, k, v, mask)

def forward_step(self, x: Tensor, mask: Optional[Tensor], past: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    # The same behind P tokens that were read before, whose keys and values are past,
    # each [B,H,P,head_dim]; it is empty where x is the beginning. The keys and
    # values of all P+T tokens come back as well.
    q, k, v = self.heads(x)
    k = torch.cat(past[:1] + [k], -2)
    v = torch.cat(past[1:] + [v], -2)
    return self.attend(q, k, v, mask), k, v

def heads(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    # queries, keys and values, each [B,H,T,head_dim]
    B, T, C = x.size(0), x.size(1), x.size(2)
    thirds = self.qkv.forward(x).split(C, 2)
    q = thirds[0].view([B, T, -1, self.head_dim]).transpose(1, 2)
    k = thirds[1].view([B, T, -1, self.head_dim]).transpose(1, 2)
    v = thirds[2].view([B, T, -1, self.head_dim]).transpose(1, 2)
    return q, k, v

def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor]) -> Tensor:
    B, T = q.size(0), q.size(2)
    # The kernel's own mask begins at the first key: several tokens behind others
    # would be masked wrongly, and silently.
    assert T == 1 or T == k.size(2), "several tokens cannot be read at once behind a cache: read them one by one"
    scale = float(self.head_dim) ** -0.5
    if hasattr(self, "eager"):
        w = torch.matmul(q, k.transpose(-1, -2)) * scale
        if mask is not None:
            w = w + mask
        y = torch.matmul(torch.softmax(w, -1), v)
    else:
        y = torch.scaled_dot_product_attention(q, k, v, mask, 0.0, mask is None and T > 1, scale=scale)
    return self.out.forward(y.transpose(1, 2).contiguous().view([B, T, -1]))
