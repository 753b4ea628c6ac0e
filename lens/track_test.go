package lens_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestTrack compares the followed tokens with PyTorch, which reads all of them as
// targets at every position, bit by bit.
func TestTrack(t *testing.T) {
	dir := reference.Model(t, "12x96")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(5, 6, m.Sizes.Vocab)
	for _, c := range []struct {
		kind      lens.Projection
		positions []int
		track     int
	}{
		{lens.Notebook, nil, 3}, {lens.Raw, []int{2, 4}, 2}, {lens.Normed, []int{-1, 0}, 3}, {lens.Normed, nil, 1},
	} {
		t.Run(fmt.Sprintf("%s/%v/%d", c.kind.Name(), c.positions, c.track), func(t *testing.T) {
			got, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: c.kind, Positions: c.positions, Top: 3, Track: c.track})
			if err != nil {
				t.Fatal(err)
			}
			checkTracked(t, got, c.track)
			all := slices.Sorted(slices.Values(got.Tracks.IDs))
			all = slices.DeleteFunc(slices.Compact(all), func(id int64) bool { return id < 0 })
			want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Lens: c.kind.Name(), Positions: got.Positions,
				Targets: all, TargetPositions: got.Positions, Threads: torch.Threads()})
			k := got.Tracks
			reference.Equal(t, "log-probabilities", k.LogProb, picked(t, want["target_logprob"], all, got))
			reference.Equal(t, "probabilities", k.Prob, picked(t, want["target_prob"], all, got))
		})
	}
}

// checkTracked looks whether the ids of a position are those of its cells, each once.
func checkTracked(t *testing.T, r *lens.Result, track int) {
	t.Helper()
	k, P := r.Tracks, len(r.Positions)
	if k.Top != track || len(k.IDs) != P*k.N {
		t.Fatalf("%d of a cell followed, %d ids for %d positions of %d", k.Top, len(k.IDs), P, k.N)
	}
	longest := 0
	for p := range P {
		var want []int64
		for row := range r.Rows {
			at := (row*P + p) * r.K
			for _, id := range r.TopIDs[at : at+track] {
				if !slices.Contains(want, id) {
					want = append(want, id)
				}
			}
		}
		slices.Sort(want)
		longest = max(longest, len(want))
		for len(want) < k.N {
			want = append(want, -1)
		}
		if got := k.IDs[p*k.N : (p+1)*k.N]; !slices.Equal(got, want) {
			t.Errorf("position %d follows %v, want %v", p, got, want)
		}
	}
	if longest != k.N {
		t.Errorf("%d places at a position for %d tokens", k.N, longest)
	}
}

// picked returns the followed tokens' values of an array [R,P,N] of all targets,
// NaN where a position has no token.
func picked(t *testing.T, all reference.Array, targets []int64, r *lens.Result) reference.Array {
	t.Helper()
	k, P := r.Tracks, len(r.Positions)
	var out []float32
	for row := range r.Rows {
		for p := range P {
			for n := range k.N {
				v := float32(math.NaN())
				if at := slices.Index(targets, k.IDs[p*k.N+n]); at >= 0 {
					v = all.Float32[(row*P+p)*len(targets)+at]
				}
				out = append(out, v)
			}
		}
	}
	return reference.Array{Shape: []int{len(r.Rows), P, k.N}, Float32: out}
}

func TestTrackChoices(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	for _, track := range []int{-1, 6} {
		_, err := lens.Read(context.Background(), m, []int64{1, 2}, lens.Options{Track: track})
		var choice *lens.ChoiceError
		if !errors.As(err, &choice) {
			t.Errorf("Track %d of 5 candidates: error %v", track, err)
		}
	}
	r, err := lens.Read(context.Background(), m, []int64{1, 2}, lens.Options{})
	if err != nil || r.Tracks != nil {
		t.Errorf("tracks that nobody asked for: %v, error %v", r.Tracks, err)
	}
}
