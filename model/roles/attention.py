# Causal self-attention: x [B,T,C] to [B,T,C], over H heads of head_dim, D. `around`
# is what attention needs besides: cosines and sines where positions turn queries
# and keys, and a mask, if there is one. Without one the kernel masks by itself.

def forward(self, x: Tensor, around: List[Tensor]) -> Tensor:
    q, k, v = self.heads(x, around)
    return self.attend(q, k, v, self.mask(around))

def forward_step(self, x: Tensor, around: List[Tensor], past: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    # The same behind P tokens that were read before, whose keys and values are past,
    # each [B,KV,P,D]; it is empty where x is the beginning. The keys and values of all
    # P+T tokens come back as well, or of those that the next token's window holds.
    q, k, v = self.heads(x, around)
    k = torch.cat(past[:1] + [k], -2)
    v = torch.cat(past[1:] + [v], -2)
    y = self.attend(q, k, v, self.mask(around))
    if hasattr(self, "keep"):
        k, v = k[:, :, -self.keep:], v[:, :, -self.keep:]
    return y, k, v

def mask(self, around: List[Tensor]) -> Optional[Tensor]:
    # the last of an odd number
    if len(around) % 2 == 1:
        return around[-1]
    return None

def heads(self, x: Tensor, around: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    # queries [B,H,T,D], keys and values [B,KV,T,D]; where KV < H, several heads of
    # queries share one of keys and values
    B, T, D = x.size(0), x.size(1), self.head_dim
    if hasattr(self, "by_head"):
        parts = self.qkv.forward(x).view([B, T, -1, 3 * D]).transpose(1, 2).chunk(3, -1)
        q, k, v = parts[0], parts[1], parts[2]
    elif hasattr(self, "qkv"):
        parts = self.qkv.forward(x).split(x.size(2), 2)
        q = parts[0].view([B, T, -1, D]).transpose(1, 2)
        k = parts[1].view([B, T, -1, D]).transpose(1, 2)
        v = parts[2].view([B, T, -1, D]).transpose(1, 2)
    else:
        q = self.q.forward(x)
        if hasattr(self, "scale_query"):
            q = q * float(D) ** -0.5
        q, k = q.view([B, T, -1, D]), self.k.forward(x).view([B, T, -1, D])
        v = self.v.forward(x).view([B, T, -1, D]).transpose(1, 2)
        if hasattr(self, "q_norm"):
            q, k = self.q_norm.forward(q), self.k_norm.forward(k)
        if hasattr(self, "pairs"):
            q, k = self.turn(q, around), self.turn(k, around)
            return q.permute([0, 2, 1, 3]), k.permute([0, 2, 1, 3]), v
        q, k = q.transpose(1, 2), k.transpose(1, 2)
    if hasattr(self, "rotary"):
        q, k = self.turn(q, around), self.turn(k, around)
    return q, k, v

def turn(self, x: Tensor, around: List[Tensor]) -> Tensor:
    cos, sin = around[0], around[1]
    n = cos.size(-1)
    r = x[..., :n]
    if hasattr(self, "pairs"):
        turned = torch.stack([-r[..., 1::2], r[..., ::2]], -1).flatten(-2)
    else:
        turned = torch.cat([-r[..., n // 2:], r[..., :n // 2]], -1)
    y = (r * cos) + (turned * sin)
    if n < x.size(-1):
        y = torch.cat([y, x[..., n:]], -1)
    return y

def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor]) -> Tensor:
    B, T, group = q.size(0), q.size(2), q.size(1) // k.size(1)
    # The kernel's own mask begins at the first key: several tokens behind others
    # would be masked wrongly, and silently.
    assert T == 1 or T == k.size(2), "several tokens cannot be read at once behind a cache: read them one by one"
    scale = self.scale_of ** -0.5
    if hasattr(self, "scale_by"):
        scale = scale / self.scale_by
    if hasattr(self, "full_scores"):
        w = torch.matmul(q.to(6), k.to(6).transpose(-1, -2))
        if hasattr(self, "divide"):
            w = w / self.scale_of ** 0.5
        if mask is not None:
            w = w + mask.to(6)
        y = torch.matmul(torch.softmax(w, -1).to(v.dtype), v)
    elif hasattr(self, "eager"):
        if hasattr(self, "upcast_scores"):
            D, P = self.head_dim, k.size(2)
            left, right = q.reshape([-1, T, D]).to(6), k.transpose(-1, -2).reshape([-1, D, P]).to(6)
            w = torch.baddbmm(torch.empty([left.size(0), T, P], dtype=6, device=q.device), left, right, beta=0, alpha=scale).view([B, -1, T, P])
        else:
            w = torch.matmul(q, self.repeat(k, group).transpose(-1, -2)) * scale
        if hasattr(self, "cap"):
            w = torch.tanh(w / self.cap) * self.cap
        if mask is not None:
            w = w + mask
        # Most classes of transformers make the weights in float32, GPT-2's in its own type.
        if hasattr(self, "own_softmax"):
            w = torch.softmax(w, -1).to(q.dtype)
        else:
            w = torch.softmax(w, -1, 6).to(q.dtype)
        y = torch.matmul(w, self.repeat(v, group))
    else:
        shared = group > 1 and mask is None and self.head_dim <= 256
        if group > 1 and not shared:
            # The kernel does not share by itself then. A lone token's heads are as
            # good as that many tokens of one head.
            if T == 1:
                q = q.reshape([B, -1, group, self.head_dim])
            else:
                k, v = self.repeat(k, group), self.repeat(v, group)
        y = torch.scaled_dot_product_attention(q, k, v, mask, 0.0, mask is None and T > 1, scale=scale, enable_gqa=shared)
        y = y.reshape([B, -1, T, self.head_dim])
    return self.out.forward(y.transpose(1, 2).contiguous().view([B, T, -1]))

def repeat(self, x: Tensor, group: int) -> Tensor:
    # each head of keys or values for all that share it: [B,KV,P,D] to [B,H,P,D]
    if group == 1:
        return x
    B, H, P, D = x.size(0), x.size(1), x.size(2), x.size(3)
    return x[:, :, None].expand([B, H, group, P, D]).reshape([B, H * group, P, D])
