# The MLP's activation. gelu_new is the tanh form of GELU operation by operation:
# the fused kernel, which gelu_pytorch_tanh stands for, has other bits.
# 0.79788... is sqrt(2/pi).

def forward(self, x: Tensor) -> Tensor:
    if hasattr(self, "gelu_new"):
        return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))
    if hasattr(self, "gelu"):
        return torch.gelu(x)
    if hasattr(self, "gelu_pytorch_tanh"):
        return torch.gelu(x, approximate="tanh")
    if hasattr(self, "relu"):
        return torch.relu(x)
    return torch.silu(x)
