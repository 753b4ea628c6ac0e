# What the published notebooks compute and the lens does not, as TorchScript, of
# logits x [1,T,V].

def log_softmax(self, x: Tensor, at: int) -> Tensor:
    # Every log-probability at one position: [V].
    return torch.log_softmax(x[0, at], -1)

def entropy(self, x: Tensor) -> Tensor:
    # The entropy of each position in the model's own number type, with the
    # probabilities clamped away from 0: [T].
    p = torch.softmax(x, -1).clamp(1e-8, 1.0)
    return -(p * torch.log(p)).sum(-1)[0].float()
