package lens

// Margin is by how much the likeliest token's logit exceeds the second's: the logarithm of
// the odds between them, log p1 - log p2.
var Margin = Stat{
	Name: "margin", Title: "margin of the likeliest token", Unit: "nats",
	Doc: "log-odds of the likeliest token against the second: the difference of their logits",
	Exact: `
def stat(self, x: Tensor) -> Tensor:
    v = torch.topk(x, 2, -1)[0]
    return v[..., 0] - v[..., 1]
`,
	Fast:       func(c FastCell) float32 { return c.TopLogits[0] - c.TopLogits[1] },
	Candidates: 2,
}
