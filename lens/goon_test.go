package lens_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
)

// A generation that goes on behind steps made earlier, which were kept and read back, has
// the steps of one that was never interrupted: exact and fast, greedy and drawn.
func TestGenerateGoesOn(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ids := []int64{464, 835, 345}
	for _, o := range []lens.GenerateOptions{
		{MaxNew: 6}, {MaxNew: 6, Lens: lens.Options{Fast: true, Projection: lens.Normed}},
		{MaxNew: 6, Sampling: &model.Sampling{Temperature: 2, TopP: 1, Seed: 4}, Lens: lens.Options{Next: true, Hidden: true}},
	} {
		want, err := lens.Generate(t.Context(), m, ids, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 4, 6} {
			again := o
			for _, s := range want.Steps[:n] {
				b, err := checkpoint.Encode(*s)
				if err != nil {
					t.Fatal(err)
				}
				back := &lens.Step{}
				if err := checkpoint.Decode(b, back); err != nil {
					t.Fatal(err)
				}
				again.Before = append(again.Before, back)
			}
			calls := 0
			got, err := lens.Generate(t.Context(), m, ids, again, func(*lens.Step) error { calls++; return nil })
			if err != nil {
				t.Fatal(err)
			}
			a, errA := checkpoint.Encode(*want.Joined(0))
			b, errB := checkpoint.Encode(*got.Joined(0))
			if errA != nil || errB != nil || string(a) != string(b) || calls != 6 || !reflect.DeepEqual(got.Sequence, want.Sequence) {
				t.Errorf("behind %d steps: %v and %v after %d calls (%v, %v)", n, got.Sequence, want.Sequence, calls, errA, errB)
			}
		}
	}
	_, err = lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: 2, Before: []*lens.Step{{Index: 3}}}, nil)
	if err == nil {
		t.Error("steps of another text were taken")
	}
}
