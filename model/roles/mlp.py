# [B,T,C] to [B,T,inner] and back.

def forward(self, x: Tensor) -> Tensor:
    return self.down.forward(self.act.forward(self.up.forward(x)))
