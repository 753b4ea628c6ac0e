package lens

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
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
