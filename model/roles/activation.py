# gelu_new, the tanh form of GELU, operation by operation: the fused kernel has other bits.
# 0.79788... is sqrt(2/pi).

def forward(self, x: Tensor) -> Tensor:
    return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))
