# The product of tiles.py by the head's own operations.

def factors(self, rows: Tensor) -> Tensor:
    return rows

def project(self, rows: Tensor, weight: Tensor, bias: Optional[Tensor], cap: float) -> Tensor:
    # The logits [M,n] of rows [M,C] in float32. Computed in the rows' type: the head's own,
    # or float64, which rounds at the end, and adds the bias to the sum as near.py does.
    if rows.dtype == weight.dtype:
        x = torch.linear(rows, weight, bias)
    else:
        x = torch.linear(rows, weight.to(rows.dtype))
        if bias is not None:
            x = x.add_(bias)
    if cap > 0.0:
        x = torch.tanh(x / cap) * cap
    return x.to(6)

