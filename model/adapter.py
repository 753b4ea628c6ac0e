# A LoRA adapter's part of a weight, as peft's merge_and_unload adds it: in float32, and
# rounded with the sum. turned is for weights that are stored as [in,out].

def merge(self, weight: Tensor, b: Tensor, a: Tensor, scale: float, turned: bool) -> Tensor:
    change = torch.matmul(b.to(6), a.to(6))
    if turned:
        change = change.t()
    return weight.clone().add_(change * scale)
