package reference

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// A Request asks for one forward pass and, by [Lens], for what a lens reads from
// it. The zero value of a field leaves the choice to scripts/reference.py: the
// notebook lens of every row and position, sdpa attention, float32.
type Request struct {
	Model string  // Hugging Face folder
	IDs   []int64 // T tokens

	Attention string // sdpa or eager
	DType     string // float32, bfloat16 or float16: what the weights are converted to
	Threads   int    // PyTorch's intra-op threads; 1 where 0

	Interventions []Intervention // in the order they act
	Capture       []string       // points whose outputs are wanted, after the interventions
	HFHidden      bool           // also hf_hidden: hidden_states as transformers records them
	Aligned       bool           // weights on 64-byte boundaries, as torch.jit.load has them

	// The rest is for Lens alone.

	Lens            string  // notebook, raw, normed, or affine, the tests' own
	At              string  // resid, resid_mid, attn or mlp
	Rows            []int   // 0 is the embedding, i the state after block i-1
	Positions       []int   // all where empty; negative ones count from the end
	Top             int     // K, 5 where 0
	Next            bool    // the target of each position is the text's own next token
	Targets         []int64 // N target ids, read at TargetPositions
	TargetPositions []int   // P, the last where empty
	Logits          bool    // also logits [R,P,V]
}

// An Intervention is a change that a forward hook makes to a module's output.
type Intervention struct {
	Kind   string // scale, zero, add or set
	Point  string // dotted path, with or without the leading "transformer."
	Factor float64
	Value  []float32 // for add and set, of Shape, which broadcasts to the output [1,T,C]
	Shape  []int
}

// Scale multiplies the output at a point.
func Scale(point string, factor float64) Intervention {
	return Intervention{Kind: "scale", Point: point, Factor: factor}
}

// Zero makes the output at a point zero.
func Zero(point string) Intervention {
	return Intervention{Kind: "zero", Point: point}
}

// Add adds a value to the output at a point. The shape broadcasts to [1,T,C]: [C]
// and [T,C] do.
func Add(point string, value []float32, shape ...int) Intervention {
	return Intervention{Kind: "add", Point: point, Value: value, Shape: shape}
}

// Set puts a value in place of the output at a point. The shape broadcasts to [1,T,C].
func Set(point string, value []float32, shape ...int) Intervention {
	return Intervention{Kind: "set", Point: point, Value: value, Shape: shape}
}

// Lens returns the arrays of a logit lens, R rows by P positions:
//
//	ids [T], rows [R]                                    int64
//	hidden [L+1,T,C]                                     as Hugging Face's hidden_states, interventions seen
//	states [R,T,C]                                       what was projected, before the normed lens's ln_f
//	top_ids int64, top_logits, top_probs [R,P,K]
//	entropy, logsumexp, kl [R,P], agree bool [R,P]
//	target_ids [P] with -1 at the last token             Next
//	target_ids [N], target_positions [P']                Targets
//	target_logprob, target_prob, target_rank int64,      Next: [R,P], NaN or 0 at the last token
//	target_ties int64                                    Targets: [R,P',N]
//	logits [R,P,V], model_logits [T,V]                   Logits
//	capture.POINT [T,C]                                  Capture
//	hf_hidden [L+1,T,C]                                  HFHidden
//
// The test fails where the reference refuses the request.
func Lens(t testing.TB, r Request) Arrays {
	t.Helper()
	return get(t, "lens", r)
}

// Forward returns ids, hidden [L+1,T,C] and model_logits [T,V] of one forward pass,
// the captures, and hf_hidden where asked for. The fields of a lens are not used.
func Forward(t testing.TB, r Request) Arrays {
	t.Helper()
	return get(t, "forward", r)
}

func get(t testing.TB, op string, r Request) Arrays {
	t.Helper()
	fields, err := r.fields(op, t.TempDir())
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	a, err := start(t).do(fields)
	if err != nil {
		t.Fatalf("reference: %s of %d tokens with %s: %v", op, len(r.IDs), r.Model, err)
	}
	return a.arrays
}

// fields returns the request as scripts/reference.py reads it. Values of
// interventions are written to files in dir.
func (r Request) fields(op, dir string) (map[string]any, error) {
	if r.Next && len(r.Targets) > 0 {
		return nil, errors.New("a request has either Next or Targets")
	}
	f := map[string]any{"op": op, "model": r.Model, "ids": r.IDs, "threads": max(r.Threads, 1)}
	put := func(name string, value any, given bool) {
		if given {
			f[name] = value
		}
	}
	put("attention", r.Attention, r.Attention != "")
	put("dtype", r.DType, r.DType != "")
	put("capture", r.Capture, len(r.Capture) > 0)
	put("hf_hidden", true, r.HFHidden)
	put("aligned", true, r.Aligned)
	if op == "lens" {
		put("lens", r.Lens, r.Lens != "")
		put("at", r.At, r.At != "")
		put("rows", r.Rows, len(r.Rows) > 0)
		put("positions", r.Positions, len(r.Positions) > 0)
		put("top", r.Top, r.Top != 0)
		put("target", r.Targets, len(r.Targets) > 0)
		put("target", "next", r.Next)
		put("target_positions", r.TargetPositions, len(r.TargetPositions) > 0)
		put("logits", true, r.Logits)
	}
	var changes []map[string]any
	for i, c := range r.Interventions {
		change := map[string]any{"kind": c.Kind, "point": c.Point, "factor": c.Factor}
		if c.Value != nil {
			file := filepath.Join(dir, fmt.Sprintf("%d.npy", i))
			if err := writeNPY(file, c.Value, c.Shape); err != nil {
				return nil, fmt.Errorf("%s %s: %w", c.Kind, c.Point, err)
			}
			change["file"] = file
		}
		changes = append(changes, change)
	}
	put("interventions", changes, len(changes) > 0)
	return f, nil
}
