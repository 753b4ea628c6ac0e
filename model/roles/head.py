# The unembedding: x [B,T,C] to logits [B,T,V], with a bias where the model has one,
# through a projection where the table is narrower than the stream, and kept within
# a bound where there is one.

def forward(self, x: Tensor) -> Tensor:
    return self.unembed(self.narrow(x))

def narrow(self, x: Tensor) -> Tensor:
    # x as wide as the table
    if hasattr(self, "project_out"):
        return self.project_out.forward(x)
    return x

def unembed(self, x: Tensor) -> Tensor:
    if hasattr(self, "bias"):
        return torch.linear(x, self.weight, self.bias)
    x = torch.linear(x, self.weight)
    if hasattr(self, "cap"):
        x = torch.tanh(x / self.cap) * self.cap
    return x
