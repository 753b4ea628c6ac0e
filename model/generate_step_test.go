package model

import (
	"context"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model/defaultmodel"
	"github.com/golens/golens/torch"
)

// TestSeveralBehindOthers: several tokens behind a cache would be masked wrongly, so
// the model itself refuses them, with either attention; one is read.
func TestSeveralBehindOthers(t *testing.T) {
	for _, a := range []Attention{SDPA, Eager} {
		m, err := OpenEmbedded(defaultmodel.Config, defaultmodel.Weights, Options{Attention: a})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		err = m.Hold(context.Background(), func(s Session) error {
			d, run, err := s.Begin([]int64{1, 2, 3}, nil)
			if err != nil {
				return err
			}
			defer d.Close()
			run.Close()
			for n, ids := range map[int64][]int64{1: {4}, 2: {4, 5}, 3: {4, 5, 6}} {
				x, err := torch.New(ids, 1, n)
				if err != nil {
					return err
				}
				defer x.Close()
				out, err := m.root.Call("trunk_step", x, 3, d.past)
				for _, t := range out {
					t.Close()
				}
				if n == 1 && err != nil {
					return err
				}
				if n > 1 && (err == nil || !strings.Contains(err.Error(), "one by one")) {
					t.Errorf("%s: %d tokens behind 3: %v", a, n, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFailedStep: a step that fails leaves the text as it was, so that it can be
// made again, to the same bits; and it frees what it made.
func TestFailedStep(t *testing.T) {
	m, err := OpenEmbedded(defaultmodel.Config, defaultmodel.Weights, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	bad := &hooks.Registry{}
	wide, err := torch.New(make([]float32, 6), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer wide.Close()
	bad.Add("h.1", hooks.Add("wide", wide))
	values := func(s Session, fail bool) (v []float32) {
		d, run, err := s.Begin([]int64{1, 2, 3}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		run.Close()
		if fail {
			before := torch.Live()
			for _, wrong := range []struct {
				id int64
				h  *hooks.Registry
			}{{-1, nil}, {int64(m.Sizes.Vocab), nil}, {4, bad}} {
				if _, err := s.Step(d, wrong.id, wrong.h); err == nil {
					t.Errorf("the token %d was read with %v", wrong.id, wrong.h.Actions())
				}
			}
			if n := torch.Live(); n > before+1 { // the actions' own module stays
				t.Errorf("%d tensors are left", n-before)
			}
			if len(d.IDs()) != 3 {
				t.Errorf("the text is %v", d.IDs())
			}
		}
		if run, err = s.Step(d, 4, nil); err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		if v, err = torch.Values[float32](run.Results[0]); err != nil {
			t.Fatal(err)
		}
		return v
	}
	err = m.Hold(context.Background(), func(s Session) error {
		want, got := values(s, false), values(s, true)
		for i := range want {
			if want[i] != got[i] {
				t.Errorf("after failed steps number %d is %v, want %v", i, got[i], want[i])
				break
			}
		}
		if _, err := s.Step(&Decoding{}, 1, nil); err == nil {
			t.Error("a step without a text")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
