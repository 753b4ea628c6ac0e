package model_test

import (
	"flag"
	"slices"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

var tryMutations = flag.Bool("mutations", false, "change the texts in model/roles one line at a time, and see that it is noticed")

// mutations are changes to the texts that bits tell from transformers': most of them
// are the same in real numbers. Each is tried on one model.
var mutations = []struct {
	role, old, new string
	preset         string
	dtype          model.DType
	attention      model.Attention
	T, steps       int // with steps a generation is compared
}{
	{"block", "return a + self.mlp.forward(n) + x", "return (x + a) + self.mlp.forward(n)", "phi-96", "float32", "sdpa", 14, 0},
	{"block", "return a + self.mlp.forward(n) + x", "return (x + a) + self.mlp.forward(n)", "neox-96", "bfloat16", "sdpa", 14, 0},
	{"block", "n = self.norm2.forward(x)", "n = self.norm2.forward(x + a)", "neox-96", "float32", "sdpa", 14, 0},
	{"block", "x = self.mid.forward(self.norm1.forward(x + a))", "x = self.mid.forward(x + self.norm1.forward(a))", "opt-projected-96", "float32", "sdpa", 14, 0},
	{"block", "m = self.mlp_norm.forward(m)", "m = m", "gemma2-96", "bfloat16", "eager", 14, 0},
	{"activation", "0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))", `torch.gelu(x, approximate="tanh")`, "phi-96", "float32", "sdpa", 14, 0},
	{"activation", "0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))", `torch.gelu(x, approximate="tanh")`, "gpt2-96", "bfloat16", "sdpa", 14, 0},
	{"activation", "return torch.silu(x)", "return x * torch.sigmoid(x)", "llama2-96", "float32", "sdpa", 14, 0},
	{"activation", "return torch.silu(x)", "return x * torch.sigmoid(x)", "qwen3-96", "bfloat16", "sdpa", 14, 0},
	{"linear", "y = torch.addmm(self.bias, x.view([-1, x.size(-1)]), self.weight)", "y = torch.matmul(x.view([-1, x.size(-1)]), self.weight) + self.bias", "gpt2-480", "float32", "sdpa", 14, 0},
	{"norm", "return self.weight * h.to(x.dtype)", "return (self.weight.to(6) * h).to(x.dtype)", "llama2-96", "bfloat16", "sdpa", 14, 0},
	{"norm", "return self.weight * h.to(x.dtype)", "return torch.rms_norm(x, [x.size(-1)], self.weight, self.eps)", "mistral-96", "bfloat16", "sdpa", 14, 0},
	{"norm", "torch.rsqrt(h.pow(2).mean([-1], True) + self.eps)", "(1.0 / (torch.sqrt(h.pow(2).mean([-1], True)) + self.eps))", "llama2-96", "float32", "sdpa", 14, 0},
	{"norm", "(h * (1.0 + self.weight.to(6))).to(x.dtype)", "(h * (1.0 + self.weight)).to(x.dtype)", "gemma2-96", "bfloat16", "eager", 14, 0},
	{"embedding", "x = x * torch.full([], float(x.size(-1)) ** 0.5, dtype=6, device=x.device).to(x.dtype)", "x = (x.to(6) * float(x.size(-1)) ** 0.5).to(x.dtype)", "gemma3-96", "bfloat16", "sdpa", 14, 0},
	{"head", "x = torch.tanh(x / self.cap) * self.cap", "x = torch.tanh(x * (1.0 / self.cap)) * self.cap", "gemma2-96", "float32", "eager", 14, 0},
	{"head", "x = torch.tanh(x / self.cap) * self.cap", "x = x", "gemma2-96", "bfloat16", "eager", 14, 0},
	{"rotary", "/ n)", "/ n).to(x.dtype).to(6)", "llama2-96", "bfloat16", "sdpa", 40, 0},
	{"rotary", "(1 - part) * slow / self.factor + part * slow", "slow * ((1 - part) / self.factor + part)", "llama3-480", "float32", "sdpa", 257, 0},
	{"rotary", "inv = inv / self.factor", "inv = inv", "llama-linear-96", "bfloat16", "sdpa", 14, 0},
	{"attention", "turned = torch.cat([-r[..., n // 2:], r[..., :n // 2]], -1)", "turned = torch.stack([-r[..., 1::2], r[..., ::2]], -1).flatten(-2)", "neox-96", "float32", "sdpa", 14, 0},
	{"attention", "w = torch.matmul(q, self.repeat(k, group).transpose(-1, -2)) * scale", "w = torch.matmul(q, self.repeat(k, group).transpose(-1, -2)) / self.scale_of ** 0.5", "llama2-480", "float32", "eager", 14, 0},
	{"attention", "w = w / self.scale_of ** 0.5", "w = w * scale", "gptj-480", "float32", "eager", 14, 0},
	{"attention", "w = torch.tanh(w / self.cap) * self.cap", "w = w", "gemma2-96", "float32", "eager", 14, 0},
	{"attention", "w = torch.softmax(w, -1, 6).to(q.dtype)", "w = torch.exp(torch.log_softmax(w, -1, 6)).to(q.dtype)", "qwen2-96", "float32", "eager", 14, 0},
	{"attention", "w = torch.matmul(q.to(6), k.to(6).transpose(-1, -2))", "w = torch.matmul(q, k.transpose(-1, -2)).to(6)", "gptneo-96", "bfloat16", "eager", 14, 0},
	{"attention", "q = q * float(D) ** -0.5", "q = q / float(D) ** 0.5", "opt-480", "float32", "sdpa", 14, 0},
	{"attention", "q, k = self.q_norm.forward(q), self.k_norm.forward(k)", "q = self.q_norm.forward(q)", "qwen3-96", "bfloat16", "sdpa", 14, 0},
	{"model", "row = first + self.offset", "row = first", "opt-96", "float32", "sdpa", 14, 0},
	{"model", "keys > at - window", "keys >= at - window", "mistral-96", "float32", "sdpa", 14, 0},
	{"model", "keys > at - window", "keys >= at - window", "gptneo-96", "bfloat16", "eager", 14, 0},
	{"model", "near = self.rotary_local.tables(x, first)", "near = whole", "gemma3-96", "float32", "sdpa", 14, 0},
	{"model", "x, now = self.step_blocks(x, self.around(x, first), past)", "x, now = self.step_blocks(x, self.around(x, 0), past)", "llama3-96", "float32", "sdpa", 5, 4},
	{"model", "x = self.embed_at(ids, first)", "x = self.embed_at(ids, 0)", "gptneo-96", "bfloat16", "eager", 5, 4},
	{"attention", "k, v = k[:, :, -self.keep:], v[:, :, -self.keep:]", "k, v = k[:, :, -self.keep - 1:], v[:, :, -self.keep - 1:]", "mistral-96", "float32", "eager", 5, 12},
	{"attention", "q = q.reshape([B, -1, group, self.head_dim])", "k, v = self.repeat(k, group), self.repeat(v, group)", "mistral-96", "float32", "sdpa", 5, 12},
}

// TestMutations says whether the comparisons with transformers would notice a change
// of the texts: bits belong to a processor, so it is tried on request (-mutations).
func TestMutations(t *testing.T) {
	if !*tryMutations {
		t.Skip("the texts are changed with -mutations only")
	}
	oneThread(t)
	for _, c := range mutations {
		t.Run(c.role+"/"+c.preset, func(t *testing.T) {
			dir := reference.Model(t, c.preset)
			restore, ok := model.Mutate(c.role, c.old, c.new)
			defer restore()
			if !ok {
				t.Fatalf("the text of %s has not the line %q, or not once", c.role, c.old)
			}
			m := open(t, dir, model.Options{Attention: c.attention, DType: c.dtype})
			ask := reference.Request{Model: dir, IDs: reference.IDs(uint64(c.T), c.T, m.Sizes.Vocab), Attention: string(c.attention), DType: string(c.dtype)}
			var got, want []float32
			if c.steps > 0 {
				got = generate(t, m, ask.IDs, c.steps, 0, -1, nil).logits
				want = reference.Generate(t, reference.Generation{Request: ask, New: c.steps, EndOfText: -1})["logits"].Float32
			} else {
				_, got = states(t, m, ask.IDs, nil)
				want = reference.Forward(t, ask)["model_logits"].Float32
			}
			if slices.Equal(got, want) {
				t.Errorf("with %q for %q the logits are transformers' all the same", c.new, c.old)
			}
		})
	}
}
