package lens

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestPassage: what the means of a text are made of has the bits of Read, however many
// rows of logits are read at a time, and of one state or of all together.
func TestPassage(t *testing.T) {
	cases := []struct {
		name string
		o    Options
	}{
		{"notebook", Options{}}, {"raw", Options{Projection: Raw}}, {"normed", Options{Projection: Normed, Rows: []int{0, 2}}},
		{"mlp", Options{At: MLP}}, {"not a number", Options{Hooks: scaled(math.NaN())}}, {"infinite", Options{Hooks: scaled(1e38)}},
	}
	for _, c := range []struct {
		model   string
		dtype   model.DType
		lengths []int
		cases   int // of those above, how many
	}{{"4x64-untied", model.Auto, []int{1, 2, 9, 16}, 1}, {"4x64-untied", model.Auto, []int{37}, 6}, {"4x64-untied", "bfloat16", []int{16}, 1}, {"llama3-96", model.Auto, []int{20}, 1}, {"3x768", model.Auto, []int{37}, 1}} {
		m := openModel(t, reference.Model(t, c.model), model.Options{DType: c.dtype})
		for _, T := range c.lengths {
			for _, of := range cases[:c.cases] {
				t.Run(fmt.Sprintf("%s/%s/T=%d/%s", c.model, c.dtype, T, of.name), func(t *testing.T) { passageIsRead(t, m, T, of.o) })
			}
		}
	}
}

// passageIsRead compares a window of T tokens, of which the first third is in front of
// the text, with the lens of it.
func passageIsRead(t *testing.T, m *model.Model, T int, o Options) {
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	o.Next, o.Top, o.Positions = true, 1, nil
	for p := T / 3; p < T; p++ {
		o.Positions = append(o.Positions, p)
	}
	for _, next := range []int64{-1, 7} {
		whole, err := readBefore(context.Background(), m, ids, next, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []map[int]int{{}, {T: T}} { // by trial, and all at once
			got, err := readExact(context.Background(), m, ids, next, o, size)
			if err != nil {
				t.Fatal(err)
			}
			samePassage(t, fmt.Sprintf("%d rows at a time", size[T]), got, passageOf(whole))
			again, err := readExact(context.Background(), m, ids, next, o, size) // where the order is known, all rows together
			if err != nil {
				t.Fatal(err)
			}
			samePassage(t, fmt.Sprintf("%d rows at a time, again", size[T]), again, got)
		}
	}
}

func scaled(factor float64) *hooks.Registry {
	h := &hooks.Registry{}
	h.Add("h.1", hooks.Scale(factor))
	return h
}

func samePassage(t *testing.T, what string, got, want *passage) {
	t.Helper()
	P := len(want.ids)
	for i := range want.entropy {
		float := func(name string, a, b float32) {
			if math.Float32bits(a) != math.Float32bits(b) && !(a != a && b != b) {
				t.Fatalf("%s: %s of row %d at %d is %v, want %v", what, name, i/P, i%P, a, b)
			}
		}
		float("entropy", got.entropy[i], want.entropy[i])
		float("kl", got.kl[i], want.kl[i])
		if got.bad[i] != want.bad[i] || got.agree[i] != want.agree[i] && !want.bad[i] {
			t.Fatalf("%s: row %d at %d: agrees %v, bad %v; want %v, %v", what, i/P, i%P, got.agree[i], got.bad[i], want.agree[i], want.bad[i])
		}
		if got.ids[i%P] != want.ids[i%P] {
			t.Fatalf("%s: targets %v, want %v", what, got.ids, want.ids)
		}
		if want.ids[i%P] >= 0 {
			float("log-probability", got.logProb[i], want.logProb[i])
			if got.rank[i] != want.rank[i] || got.ties[i] != want.ties[i] {
				t.Fatalf("%s: row %d at %d: rank %d, ties %d; want %d, %d", what, i/P, i%P, got.rank[i], got.ties[i], want.rank[i], want.ties[i])
			}
		}
	}
	if len(got.entropy) != len(want.entropy) || fmt.Sprint(got.manifest) != fmt.Sprint(want.manifest) || fmt.Sprint(got.warnings) != fmt.Sprint(want.warnings) {
		t.Errorf("%s: %d cells, manifest %+v, warnings %q; want %d, %+v, %q", what, len(got.entropy), got.manifest, got.warnings, len(want.entropy), want.manifest, want.warnings)
	}
}
