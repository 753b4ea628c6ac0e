# The MLP's activation, by transformers' name, operation by operation: of one GELU there
# are several forms, whose last bits differ. 0.79788... is sqrt(2/pi), 1.41421... sqrt(2).

def forward(self, x: Tensor) -> Tensor:
    if hasattr(self, "gelu_new"):
        return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))
    if hasattr(self, "gelu"):
        return torch.gelu(x)
    if hasattr(self, "gelu_pytorch_tanh"):
        return torch.gelu(x, approximate="tanh")
    if hasattr(self, "relu"):
        return torch.relu(x)
    if hasattr(self, "gelu_fast"):
        return 0.5 * x * (1.0 + torch.tanh(x * 0.7978845608 * (1.0 + 0.044715 * x * x)))
    if hasattr(self, "quick_gelu"):
        return x * torch.sigmoid(1.702 * x)
    if hasattr(self, "gelu_python"):
        return x * 0.5 * (1.0 + torch.erf(x / 1.4142135623730951))
    if hasattr(self, "gelu_python_tanh"):
        return x * 0.5 * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))
    if hasattr(self, "gelu_accurate"):
        return 0.5 * x * (1 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3))))
    if hasattr(self, "gelu_10"):
        return torch.clip(torch.gelu(x), -10, 10)
    if hasattr(self, "relu2"):
        return torch.square(torch.relu(x))
    if hasattr(self, "relu6"):
        return torch.hardtanh(x, 0.0, 6.0)
    if hasattr(self, "leaky_relu"):
        return torch.leaky_relu(x, 0.01)
    if hasattr(self, "hardswish"):
        return torch.hardswish(x)
    if hasattr(self, "mish"):
        return torch.mish(x)
    if hasattr(self, "tanh"):
        return torch.tanh(x)
    if hasattr(self, "sigmoid"):
        return torch.sigmoid(x)
    if hasattr(self, "linear"):
        return x
    return torch.silu(x)
