# The unembedding: x [B,T,C] to logits [B,T,V], with a bias where the model has one.

def forward(self, x: Tensor) -> Tensor:
    if hasattr(self, "bias"):
        return torch.linear(x, self.weight, self.bias)
    return torch.linear(x, self.weight)
