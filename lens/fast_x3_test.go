package lens

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// The kernel x3 tells what f32 tells: candidates, ranks and ties to the bit, sums nearly.
// Where the processor does not multiply bfloat16 it is refused.
func TestX3(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(5, 40, m.Sizes.Vocab)
	o := Options{Fast: true, Next: true, Kernel: X3}
	got, err := Read(context.Background(), m, ids, o)
	if len(kernel.X3()) == 0 {
		var choice *ChoiceError
		if !errors.As(err, &choice) || !strings.Contains(err.Error(), "AVX512_BF16") {
			t.Fatalf("without bfloat16: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	o.Kernel = F32
	want, err := Read(context.Background(), m, ids, o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Manifest.Kernel != "x3" || want.Manifest.Kernel != "f32" {
		t.Errorf("the manifests say %q and %q", got.Manifest.Kernel, want.Manifest.Kernel)
	}
	for i, id := range want.TopIDs {
		if got.TopIDs[i] != id || math.Float32bits(got.TopLogits[i]) != math.Float32bits(want.TopLogits[i]) {
			t.Fatalf("candidate %d is %d (%v), not %d (%v)", i, got.TopIDs[i], got.TopLogits[i], id, want.TopLogits[i])
		}
	}
	for i, rank := range want.Targets.Rank {
		if got.Targets.Rank[i] != rank || got.Targets.Ties[i] != want.Targets.Ties[i] {
			t.Fatalf("target %d has rank %d and %d ties, not %d and %d", i, got.Targets.Rank[i], got.Targets.Ties[i], rank, want.Targets.Ties[i])
		}
	}
	for i := range want.KL {
		for _, f := range []struct {
			name            string
			got, want, most float32
		}{{"log-sum-exp", got.LogSumExp[i], want.LogSumExp[i], 2e-4}, {"entropy", got.Entropy[i], want.Entropy[i], 2e-4}, {"KL", got.KL[i], want.KL[i], 5e-4}} {
			if off := math.Abs(float64(f.got - f.want)); !(off <= float64(f.most)) {
				t.Errorf("cell %d: %s is %v, not %v", i, f.name, f.got, f.want)
			}
		}
	}
}

// TestX3Again logs how many words of a row x3 computes again, and how many rows it hands
// to f32, on a text that the trained model reads, where its margins are wide, and on
// random weights of GPT-2's width, where it has to do nearly all of the work.
func TestX3Again(t *testing.T) {
	if len(kernel.X3()) == 0 {
		untested.Here(t, "the processor multiplies no bfloat16")
	}
	text, err := os.ReadFile("testdata/text.md")
	if err != nil {
		t.Fatal(err)
	}
	trained := openModel(t, "", model.Options{DType: "float32"})
	tokenizer, err := trained.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	random := openModel(t, reference.Model(t, "3x768"), model.Options{})
	for _, c := range []struct {
		m   *model.Model
		ids []int64
	}{{trained, tokenizer.Encode(string(text))[:200]}, {random, reference.IDs(7, 60, random.Sizes.Vocab)}} {
		r := read(t, c.m, c.ids, Options{Fast: true, Kernel: F32, Next: true, Hidden: true})
		u, err := c.m.Unembedding()
		if err != nil {
			t.Fatal(err)
		}
		defer u.Close()
		f, err := openFused(u, X3)
		if err != nil {
			t.Fatal(err)
		}
		R, P, C := len(r.Rows), len(r.Positions), r.Width
		var states []*torch.Tensor
		for i := range R {
			states = append(states, newTensor(t, r.Hidden[i*P*C:(i+1)*P*C], int64(P), int64(C)))
		}
		got, err := f.read(states, R-1, 10, r.Targets.IDs[:P], 1)
		if err != nil {
			t.Fatal(err)
		}
		rows := int64(R * P)
		t.Logf("%s: %.1f words a row, and %d of %d rows", c.m.Name, float64(got.Recomputed)/float64(rows), got.Reread, rows)
		if got.Reread < 0 || got.Reread > rows || got.Recomputed == 0 && got.Reread < rows {
			t.Errorf("%s: %d words and %d rows of %d are computed again", c.m.Name, got.Recomputed, got.Reread, rows)
		}
		if c.m == random && got.Reread > rows/10 {
			t.Errorf("%s: %d of %d rows are those of f32", c.m.Name, got.Reread, rows)
		}
	}
}
