package model_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A gpt2 is GPT-2 by its formulas in float64, to measure rounding against.
type gpt2 struct {
	t                    *testing.T
	m                    *model.Model
	w                    map[string][]float64
	blocks, width, heads int
}

func newGPT2(t *testing.T, m *model.Model) *gpt2 {
	return &gpt2{t, m, map[string][]float64{}, m.Sizes.Blocks, m.Sizes.Width, m.Sizes.Heads}
}

// weight returns a tensor of the model by its module's point and its name there.
func (g *gpt2) weight(point, name string) []float64 {
	g.t.Helper()
	key := point + "." + name
	if w, ok := g.w[key]; ok {
		return w
	}
	at, err := g.m.Points.Module(point)
	if err != nil {
		g.t.Fatal(err)
	}
	p, err := at.Parameter(name)
	if err != nil {
		g.t.Fatal(err)
	}
	defer p.Close()
	v, err := torch.Values[float32](p)
	if err != nil {
		g.t.Fatal(err)
	}
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	g.w[key] = w
	return w
}

// linear is x [T,in] times a weight [in,out], plus its bias.
func (g *gpt2) linear(point string, x []float64, in int) []float64 {
	w, b := g.weight(point, "weight"), g.weight(point, "bias")
	out, T := len(b), len(x)/in
	y := make([]float64, T*out)
	for t := range T {
		row := y[t*out : (t+1)*out]
		copy(row, b)
		for i := range in {
			for o, v := range w[i*out : (i+1)*out] {
				row[o] += x[t*in+i] * v
			}
		}
	}
	return y
}

func (g *gpt2) norm(point string, x []float64) []float64 {
	w, b, C := g.weight(point, "weight"), g.weight(point, "bias"), g.width
	y := make([]float64, len(x))
	for t := 0; t < len(x); t += C {
		mean, square := 0.0, 0.0
		for _, v := range x[t : t+C] {
			mean += v / float64(C)
		}
		for _, v := range x[t : t+C] {
			square += (v - mean) * (v - mean) / float64(C)
		}
		for c := range C {
			y[t+c] = (x[t+c]-mean)/math.Sqrt(square+1e-5)*w[c] + b[c]
		}
	}
	return y
}

func (g *gpt2) attention(point string, x []float64) []float64 {
	C, H := g.width, g.heads
	D, T := C/H, len(x)/C
	qkv := g.linear(point+".c_attn", x, C)
	y := make([]float64, len(x))
	for h := range H {
		for t := range T {
			scores, sum, most := make([]float64, t+1), 0.0, math.Inf(-1)
			for s := range scores {
				for d := range D {
					scores[s] += qkv[t*3*C+h*D+d] * qkv[s*3*C+C+h*D+d] / math.Sqrt(float64(D))
				}
				most = max(most, scores[s])
			}
			for s := range scores {
				scores[s] = math.Exp(scores[s] - most)
				sum += scores[s]
			}
			for s := range scores {
				for d := range D {
					y[t*C+h*D+d] += scores[s] / sum * qkv[s*3*C+2*C+h*D+d]
				}
			}
		}
	}
	return g.linear(point+".c_proj", y, C)
}

// trunk returns the normed last state [T,C].
func (g *gpt2) trunk(ids []int64) []float64 {
	C := g.width
	tokens, positions := g.weight("wte", "weight"), g.weight("wpe", "weight")
	x := make([]float64, len(ids)*C)
	for t, id := range ids {
		for c := range C {
			x[t*C+c] = tokens[int(id)*C+c] + positions[t*C+c]
		}
	}
	add := func(y []float64) {
		for i, v := range y {
			x[i] += v
		}
	}
	for i := range g.blocks {
		at := "h." + strconv.Itoa(i)
		add(g.attention(at+".attn", g.norm(at+".ln_1", x)))
		up := g.linear(at+".mlp.c_fc", g.norm(at+".ln_2", x), C)
		for i, v := range up {
			up[i] = 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		}
		add(g.linear(at+".mlp.c_proj", up, len(up)/len(ids)))
	}
	return g.norm("ln_f", x)
}
