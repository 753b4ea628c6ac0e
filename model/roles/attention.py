# Causal self-attention: x [B,T,C] to [B,T,C], over heads of head_dim. The mask is
# [1,1,T,T], added to the scores; without one the kernel masks by itself.

def forward(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:
    B, T, C = x.size(0), x.size(1), x.size(2)
    scale = float(self.head_dim) ** -0.5
    thirds = self.qkv.forward(x).split(C, 2)
    q = thirds[0].view([B, T, -1, self.head_dim]).transpose(1, 2)
    k = thirds[1].view([B, T, -1, self.head_dim]).transpose(1, 2)
    v = thirds[2].view([B, T, -1, self.head_dim]).transpose(1, 2)
    if hasattr(self, "eager"):
        w = torch.matmul(q, k.transpose(-1, -2)) * scale
        if mask is not None:
            w = w + mask
        y = torch.matmul(torch.softmax(w, -1), v)
    else:
        y = torch.scaled_dot_product_attention(q, k, v, mask, 0.0, mask is None and T > 1, scale=scale)
    return self.out.forward(y.transpose(1, 2).contiguous().view([B, T, C]))
