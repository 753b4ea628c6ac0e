package reference

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// models are the checkpoints the reference itself is checked on, with their V.
var models = []struct {
	preset string
	vocab  int
}{{"4x64-untied", 1009}, {"12x96", 50257}}

// The last row of the notebook and the normed lens is the model's own output. That of the raw lens
// is not, and is the only row in which raw and notebook differ.
func TestLastRow(t *testing.T) {
	for _, m := range models {
		for _, T := range []int{1, 2, 14, 16} {
			for _, attention := range []string{"sdpa", "eager"} {
				t.Run(fmt.Sprintf("%s/%d/%s", m.preset, T, attention), func(t *testing.T) {
					r := Request{Model: Model(t, m.preset), IDs: IDs(1, T, m.vocab), Attention: attention, Logits: true, HFHidden: true}
					notebook := Lens(t, r)
					r.Lens = "normed"
					normed := Lens(t, r)
					r.Lens = "raw"
					raw := Lens(t, r)

					own := notebook["model_logits"]
					last := notebook["logits"].Shape[0] - 1
					EqualArrays(t, "notebook", notebook["logits"].At(last), own)
					EqualArrays(t, "normed", normed["logits"].At(last), own)
					if compare(raw["logits"].At(last).Float32, own) == "" {
						t.Error("the raw lens's last row is the model's output, though its state is not normed")
					}
					for row := range last {
						EqualArrays(t, "raw", raw["logits"].At(row), notebook["logits"].At(row))
					}
					EqualArrays(t, "hidden", notebook["hidden"], notebook["hf_hidden"])
					EqualArrays(t, "states", notebook["states"], notebook["hidden"])
					Equal(t, "kl of the last row", make([]float32, T), notebook["kl"].At(last))
				})
			}
		}
	}
}

// Weights can be converted to a shorter type; the arrays stay float32.
func TestDType(t *testing.T) {
	r := Request{Model: Model(t, "4x64-untied"), IDs: IDs(6, 5, 1009), Logits: true, HFHidden: true}
	full := Lens(t, r)["model_logits"]
	for _, dtype := range []string{"bfloat16", "float16"} {
		r.DType = dtype
		a := Lens(t, r)
		EqualArrays(t, dtype, a["logits"].At(4), a["model_logits"])
		EqualArrays(t, dtype, a["hidden"], a["hf_hidden"])
		if compare(a["model_logits"].Float32, full) == "" {
			t.Errorf("%s gives the logits of float32", dtype)
		}
	}
}

// Statistics are compared with the formulas in float64 and with counting.
func TestStatistics(t *testing.T) {
	const vocab, T, K = 1009, 9, 7
	ids := IDs(2, T, vocab)
	r := Request{Model: Model(t, "4x64-untied", "--twins", "500"), IDs: ids, Lens: "raw", Top: K, Next: true, Logits: true}
	a := Lens(t, r)
	tied := false
	for row := range 5 {
		for p := range T {
			x := a["logits"].At(row, p).Float32
			final := a["model_logits"].At(p).Float32
			l, lf := logSoftmax(x), logSoftmax(final)
			var entropy, kl float64
			for i := range l {
				entropy -= math.Exp(l[i]) * l[i]
				kl += math.Exp(lf[i]) * (lf[i] - l[i])
			}
			near(t, "entropy", a["entropy"].At(row, p), entropy)
			near(t, "kl", a["kl"].At(row, p), kl)
			near(t, "logsumexp", a["logsumexp"].At(row, p), float64(x[0])-l[0])

			best, bestFinal := 0, 0
			for i := range x {
				if x[i] > x[best] {
					best = i
				}
				if final[i] > final[bestFinal] {
					bestFinal = i
				}
			}
			if got := a["agree"].At(row, p).Bool[0]; got != (best == bestFinal) {
				t.Errorf("row %d position %d: agree %v, argmax %d and %d", row, p, got, best, bestFinal)
			}
			for k, id := range a["top_ids"].At(row, p).Int64 {
				before := 0 // ids that belong in front: larger logits, or equal ones with a smaller id
				for i := range x {
					if x[i] > x[id] || x[i] == x[id] && i < int(id) {
						before++
					}
					tied = tied || x[i] == x[id] && i != int(id)
				}
				if before != k {
					t.Errorf("row %d position %d: id %d is number %d of top_ids but belongs at %d", row, p, id, k, before)
				}
				Equal(t, "top_logits", []float32{x[id]}, a["top_logits"].At(row, p, k))
				near(t, "top_probs", a["top_probs"].At(row, p, k), math.Exp(l[id]))
			}

			if p == T-1 {
				Equal(t, "target_ids", []int64{-1}, a["target_ids"].At(p))
				Equal(t, "target_rank", []int64{0}, a["target_rank"].At(row, p))
				Equal(t, "target_ties", []int64{0}, a["target_ties"].At(row, p))
				Equal(t, "target_prob", []float32{float32(math.NaN())}, a["target_prob"].At(row, p))
				Equal(t, "target_logprob", []float32{float32(math.NaN())}, a["target_logprob"].At(row, p))
				continue
			}
			next := ids[p+1]
			rank, ties := int64(1), int64(-1)
			for i := range x {
				if x[i] > x[next] {
					rank++
				}
				if x[i] == x[next] {
					ties++
				}
			}
			Equal(t, "target_ids", []int64{next}, a["target_ids"].At(p))
			Equal(t, "target_rank", []int64{rank}, a["target_rank"].At(row, p))
			Equal(t, "target_ties", []int64{ties}, a["target_ties"].At(row, p))
			near(t, "target_prob", a["target_prob"].At(row, p), math.Exp(l[next]))
			near(t, "target_logprob", a["target_logprob"].At(row, p), l[next])
		}
	}
	if !tied {
		t.Error("no two logits are equal, so the order among equals was not seen")
	}
}

// logSoftmax returns log-softmax in float64.
func logSoftmax(x []float32) []float64 {
	largest, sum := math.Inf(-1), 0.0
	for _, v := range x {
		largest = max(largest, float64(v))
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - largest)
	}
	l := make([]float64, len(x))
	for i, v := range x {
		l[i] = float64(v) - largest - math.Log(sum)
	}
	return l
}

func near(t *testing.T, name string, got Array, want float64) {
	t.Helper()
	if d := math.Abs(float64(got.Float32[0]) - want); !(d <= 2e-5*(1+math.Abs(want))) {
		t.Errorf("%s: got %v, want %v", name, got.Float32[0], want)
	}
}

// With all logits zero every token ties with every other.
func TestAllTies(t *testing.T) {
	const vocab = 1009
	a := Lens(t, Request{Model: Model(t, "4x64-untied"), IDs: IDs(3, 3, vocab), Rows: []int{4}, Top: 3, Targets: []int64{vocab - 1},
		Interventions: []Intervention{Zero("ln_f")}})
	Equal(t, "top_ids", []int64{0, 1, 2, 0, 1, 2, 0, 1, 2}, a["top_ids"])
	Equal(t, "target_rank", []int64{1}, a["target_rank"])
	Equal(t, "target_ties", []int64{vocab - 1}, a["target_ties"])
}

// Rows, positions and targets choose from the whole.
func TestSelection(t *testing.T) {
	r := Request{Model: Model(t, "12x96"), IDs: IDs(4, 6, 50257), Lens: "normed", Next: true, Logits: true}
	whole := Lens(t, r)
	r.Rows, r.Positions = []int{0, 7, 12}, []int{1, -1}
	part := Lens(t, r)
	Equal(t, "rows", []int64{0, 7, 12}, part["rows"])
	for i, row := range r.Rows {
		EqualArrays(t, "states", part["states"].At(i), whole["states"].At(row))
		for j, p := range []int{1, 5} {
			for _, name := range []string{"top_ids", "top_logits", "top_probs", "logits"} {
				EqualArrays(t, name, part[name].At(i, j), whole[name].At(row, p))
			}
			for _, name := range []string{"entropy", "logsumexp", "kl", "agree", "target_prob", "target_logprob", "target_rank", "target_ties"} {
				EqualArrays(t, name, part[name].At(i, j), whole[name].At(row, p))
			}
		}
	}
	// A word that is the next token has the next token's numbers.
	r.Next, r.Positions = false, nil
	r.Targets, r.TargetPositions = []int64{5, r.IDs[3]}, []int{0, 2}
	words := Lens(t, r)
	Equal(t, "target_positions", []int64{0, 2}, words["target_positions"])
	for i, row := range r.Rows {
		for _, name := range []string{"target_prob", "target_logprob", "target_rank", "target_ties"} {
			EqualArrays(t, name, words[name].At(i, 1, 1), whole[name].At(row, 2))
		}
	}
}

// The other places start at row 1; the last block's resid_mid, attn and mlp add up
// to what the blocks' outputs say.
func TestPlaces(t *testing.T) {
	r := Request{Model: Model(t, "4x64-untied"), IDs: IDs(5, 5, 1009), Lens: "raw"}
	resid := Lens(t, r)["states"]
	states := map[string]Array{}
	for _, at := range []string{"resid_mid", "attn", "mlp"} {
		r.At = at
		a := Lens(t, r)
		Equal(t, "rows", []int64{1, 2, 3, 4}, a["rows"])
		states[at] = a["states"]
	}
	for i := range 4 {
		Equal(t, "resid_mid", sum(states["attn"].At(i).Float32, resid.At(i).Float32), states["resid_mid"].At(i))
		Equal(t, "resid", sum(states["resid_mid"].At(i).Float32, states["mlp"].At(i).Float32), resid.At(i+1))
	}
}

func sum(a, b []float32) []float32 {
	out := make([]float32, len(a))
	for i := range a {
		out[i] = a[i] + b[i]
	}
	return out
}

// A request that the reference refuses says why, and the next one is answered.
func TestBadRequests(t *testing.T) {
	model := Model(t, "4x64-untied")
	p := start(t)
	for _, c := range []struct{ line, want string }{
		{`{`, "JSONDecodeError"},
		{`[]`, "'op'"},
		{`{}`, "'op'"},
		{`{"op":"train"}`, "unknown op 'train'"},
		{`{"op":"forward","model":"/nowhere","ids":[1]}`, "/nowhere"},
		{`{"op":"forward","model":"MODEL","ids":[]}`, "0 tokens: the model takes 1 to 256"},
		{`{"op":"forward","model":"MODEL","ids":[1,1009,-1]}`, "ids [1009, -1] are outside the vocabulary of 1009"},
		{`{"op":"forward","model":"MODEL","ids":[1],"top":3}`, "'top'"},
		{`{"op":"lens","model":"MODEL","ids":[1],"lens":"tuned"}`, "lens 'tuned' is not one of notebook, raw, normed, affine"},
		{`{"op":"lens","model":"MODEL","ids":[1],"rows":[5]}`, "rows [5] are not among 0..4"},
		{`{"op":"lens","model":"MODEL","ids":[1],"positions":[1]}`, "positions [1] are outside the 1 tokens"},
		{`{"op":"lens","model":"MODEL","ids":[1],"threads":0}`, "threads"},
		{`{"op":"lens","model":"MODEL","ids":[1],"capture":["h.4"]}`, "no module 'h.4'"},
		{`{"op":"lens","model":"MODEL","ids":[1],"capture":["h"]}`, "no module 'h'"},
		{`{"op":"lens","model":"MODEL","ids":[1],"capture":["h.0.attn.attn_dropout"]}`, "not called in a forward pass: h.0.attn.attn_dropout"},
		{`{"op":"lens","model":"MODEL","ids":[1],"interventions":[{"kind":"shift","point":"h.0"}]}`, "unknown kind of intervention 'shift'"},
	} {
		_, err := p.send([]byte(strings.ReplaceAll(c.line, "MODEL", model)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.line, err, c.want)
		}
		if _, err := p.do(map[string]any{"op": "info"}); err != nil {
			t.Fatalf("after %s: %v", c.line, err)
		}
	}
}
