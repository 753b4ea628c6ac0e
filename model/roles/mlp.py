# [B,T,C] to [B,T,inner] and back; with a gate, one half opens for the other.

def forward(self, x: Tensor) -> Tensor:
    if hasattr(self, "gate"):
        return self.down.forward(self.act.forward(self.gate.forward(x)) * self.up.forward(x))
    return self.down.forward(self.act.forward(self.up.forward(x)))
