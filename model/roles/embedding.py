# Rows of a table [V,C] (or [context,C]) by their numbers.

def forward(self, ids: Tensor) -> Tensor:
    return torch.embedding(self.weight, ids)
