# Rows of a table [V,C] (or [context,C]) by their numbers. Gemma scales them by the
# root of C, rounded to the table's type first.

def forward(self, ids: Tensor) -> Tensor:
    x = torch.embedding(self.weight, ids)
    if hasattr(self, "scale"):
        x = x * torch.full([], float(x.size(-1)) ** 0.5, dtype=6, device=x.device).to(x.dtype)
    return x
