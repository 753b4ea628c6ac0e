# Layer norm over the last dimension, or RMS norm where there is no bias. Gemma's
# weights say by how much they differ from 1, and are applied in float32.

def forward(self, x: Tensor) -> Tensor:
    if hasattr(self, "bias"):
        return torch.layer_norm(x, [x.size(-1)], self.weight, self.bias, self.eps)
    h = x.to(6)
    h = h * torch.rsqrt(h.pow(2).mean([-1], True) + self.eps)
    if hasattr(self, "plus_one"):
        return (h * (1.0 + self.weight.to(6))).to(x.dtype)
    return self.weight * h.to(x.dtype)
