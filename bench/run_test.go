package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

func open(t *testing.T) *model.Model {
	t.Helper()
	s, err := bench.ParseShape("2x64")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Open(model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestRun: every work is measured as often as was asked, in the order of a table, and
// what a row says follows from its times.
func TestRun(t *testing.T) {
	m := open(t)
	s := bench.Settings{Tokens: []int{5, 1}, Runs: 3, Pairs: 4, New: 3, Chunks: 2}
	var last bench.Progress
	r, err := bench.Run(t.Context(), m, s, func(p bench.Progress) {
		if p.Done < last.Done || p.Done > p.Of || p.Work == "" {
			t.Errorf("%+v behind %+v", p, last)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	each := map[bench.Kind]func(T int) int{
		bench.Forward: func(T int) int { return T }, bench.Hooks: func(T int) int { return T }, bench.Lens: func(T int) int { return T },
		bench.Sweep: func(T int) int { return 3 * T }, bench.Generate: func(int) int { return 3 }, bench.Text: func(T int) int { return 2 * T },
	}
	for _, w := range r.Rows {
		names = append(names, w.Name())
		runs := 3
		if w.Work == bench.Hooks {
			runs = 4
			if o := w.Overhead; o.Captures != 2 || len(o.Plain) != 4 || o.Ratio.Runs != 4 || !(o.Ratio.Low > 0) || !(o.Ratio.High >= o.Ratio.Median) {
				t.Errorf("%s: %+v", w.Name(), o)
			}
		} else if w.Overhead != nil {
			t.Errorf("%s has an overhead", w.Name())
		}
		if len(w.Seconds) != runs || w.Time != bench.Summarise(w.Seconds) || w.Each != each[w.Work](w.T) || w.Kernel == "" || w.Device != nil {
			t.Errorf("%s: %+v", w.Name(), w)
		}
		if w.Time.Best <= 0 || w.Rate != float64(w.Each)/w.Time.Median || w.Products != w.Cost.FLOPs/w.Time.Best/r.Limits.FLOPS || w.Memory != w.Cost.Bytes/w.Time.Best/r.Limits.Bytes {
			t.Errorf("%s: %+v", w.Name(), w)
		}
		if w.Peak != 0 && w.Peak < m.Bytes() {
			t.Errorf("%s took %d bytes, and the weights alone are %d", w.Name(), w.Peak, m.Bytes())
		}
	}
	var want []string
	for _, k := range bench.Kinds {
		for _, T := range []int{1, 5} {
			for _, mode := range []string{"exact", "fast"} {
				if mode == "exact" || slices.Contains(fastWorks, k) {
					want = append(want, fmt.Sprintf("%s %s T=%d", k, mode, T))
				}
			}
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("measured were %q, not %q", names, want)
	}
	l := r.Limits
	if l.DType != "float32" || l.By != "libtorch" && l.By != "golens" || l.Products.Runs < 2 || l.Memory.Runs != l.Products.Runs || l.FLOPS != 2*2048*2048*2048/l.Products.Best || l.Bytes != (400<<20)/l.Memory.Best {
		t.Errorf("limits: %+v", l)
	}
	if r.Manifest.Config != m.ConfigDigest() || r.Manifest.Threads != torch.Threads() || r.Settings.Runs != 3 || r.Machine.Processors < 1 {
		t.Errorf("%+v", r)
	}
	before := torch.Live() // what computes statistics and limits stays, and packed weights
	if _, err := bench.Run(t.Context(), m, s, nil); err != nil {
		t.Fatal(err)
	}
	if n := torch.Live(); n > before {
		t.Errorf("%d objects are not freed", n-before)
	}

	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(r); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	again, err := bench.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(&b).Encode(again); err != nil || b.String() != text {
		t.Errorf("read again it is another: %v\n%s\n%s", err, b.String(), text)
	}
}

// fastWorks have a fast mode of their own.
var fastWorks = []bench.Kind{bench.Forward, bench.Lens, bench.Sweep, bench.Generate, bench.Text}

// TestRunEnds: Ctrl-C and the end of the time keep what was measured.
func TestRunEnds(t *testing.T) {
	m := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := bench.Run(ctx, m, bench.Settings{Works: []bench.Kind{bench.Forward, bench.Sweep}, Modes: []string{"exact"}, Tokens: []int{1, 3}, Runs: 50}, func(p bench.Progress) {
		if p.Done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || r == nil {
		t.Fatalf("%v, %v", r, err)
	}
	n := 0
	for _, w := range r.Rows {
		n += len(w.Seconds)
	}
	if n != 3 || len(r.Rows) != 3 {
		t.Errorf("%d runs of %d works, and 3 of 3 were made", n, len(r.Rows))
	}
	if text := strings.Join(r.Notes, "\n"); !strings.Contains(text, "sweep exact: T = 3 was not measured") {
		t.Errorf("the notes do not tell what is missing: %s", text)
	}

	r, err = bench.Run(t.Context(), m, bench.Settings{Works: []bench.Kind{bench.Forward}, Modes: []string{"exact"}, Tokens: []int{1}, Runs: 1_000_000, Time: 1500 * time.Millisecond}, nil)
	if err != nil || len(r.Rows) != 1 || len(r.Rows[0].Seconds) == 0 || len(r.Rows[0].Seconds) == 1_000_000 {
		t.Errorf("%v, %+v", err, r)
	}
	if r, err := bench.Run(t.Context(), m, bench.Settings{Time: 1}, nil); err == nil || r != nil {
		t.Errorf("%v, %v", r, err)
	}
}

// TestRunContext: what the model cannot read is left out, and said.
func TestRunContext(t *testing.T) {
	m := open(t)
	r, err := bench.Run(t.Context(), m, bench.Settings{Works: []bench.Kind{bench.Forward, bench.Generate}, Modes: []string{"exact"}, Tokens: []int{2, 1024, 1025}, Runs: 1, New: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range r.Rows {
		names = append(names, w.Name())
	}
	if want := []string{"forward exact T=2", "forward exact T=1024", "generate exact T=2"}; !slices.Equal(names, want) {
		t.Errorf("measured were %q, not %q", names, want)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, part := range []string{"forward: T = 1025 was left out: the model's context holds 1024", "generate: T = 1024, 1025 was left out"} {
		if !strings.Contains(notes, part) {
			t.Errorf("the notes lack %q: %s", part, notes)
		}
	}
}

// TestBadSettings: what there is not is refused before anything is measured.
func TestBadSettings(t *testing.T) {
	m := open(t)
	for says, s := range map[string]bench.Settings{
		`no work is called "lense"`:  {Works: []bench.Kind{"lense"}},
		"forward is named twice":     {Works: []bench.Kind{bench.Forward, bench.Forward}},
		`no mode is called "slow"`:   {Modes: []string{"slow"}},
		"exact is named twice":       {Modes: []string{"exact", "exact"}},
		"0 tokens cannot be read":    {Tokens: []int{0}},
		"14 is named twice":          {Tokens: []int{14, 14}},
		"-1 runs":                    {Runs: -1},
		"-1 new tokens":              {New: -1},
		"context holds 1024":         {Tokens: []int{5000}},
		"nothing is left":            {Works: []bench.Kind{bench.Hooks}, Modes: []string{"fast"}},
		"nothing to predict":         {Works: []bench.Kind{bench.Text}, Tokens: []int{1}, Chunks: 1},
		`no kernel is called "blas"`: {Kernel: lens.Kernel("blas"), Tokens: []int{1}},
	} {
		r, err := bench.Run(t.Context(), m, s, func(p bench.Progress) { t.Errorf("%s: %+v", says, p) })
		var choice *bench.ChoiceError
		if r != nil || !errors.As(err, &choice) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v", says, r, err)
		}
	}
}
