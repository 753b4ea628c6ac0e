# The unembedding: x [B,T,C] to logits [B,T,V].

def forward(self, x: Tensor) -> Tensor:
    return torch.linear(x, self.weight)
