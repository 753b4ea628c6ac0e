package data

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report/internal/madeup"
)

// TestGenerationFiles: the members that a generation has beside a lens, and no
// file where the sequence does not fit.
func TestGenerationFiles(t *testing.T) {
	r := madeup.Written(5)
	r.Written.Sampling = &model.Sampling{Temperature: 0.5, TopK: 3, TopP: 0.9, Seed: 1 << 63}
	var got struct {
		Sequence   []int64
		Generation Generation
	}
	if err := json.Unmarshal(jsonBytes(t, r, Options{}), &got); err != nil {
		t.Fatal(err)
	}
	g := got.Generation
	if !slices.Equal(got.Sequence, r.Written.Sequence) || g.Prompt != 5 || g.New != 7 || g.Text != "x\ufffd" || string(g.Bytes) != "x\xff" ||
		g.Ended != r.Written.Ended || *g.Sampling != *r.Written.Sampling {
		t.Errorf("%+v of %v", g, got.Sequence)
	}
	for _, bad := range []func(*lens.Written){
		func(w *lens.Written) { w.Sequence = w.Sequence[:11] },
		func(w *lens.Written) { w.Sequence = append(w.Sequence, 1) },
		func(w *lens.Written) { w.Prompt = 0 },
		func(w *lens.Written) { w.Prompt = 12 },
	} {
		r := madeup.Written(5)
		bad(r.Written)
		if err := Check(r); err == nil {
			t.Errorf("a file of a prompt of %d and a sequence of %d", r.Written.Prompt, len(r.Written.Sequence))
		}
	}
}
