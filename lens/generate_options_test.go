package lens_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// write has the default model write behind a text.
func write(t *testing.T, m *model.Model, text string, o lens.GenerateOptions) *lens.Generation {
	t.Helper()
	g, err := lens.Generate(context.Background(), m, encode(t, m, text), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func encode(t *testing.T, m *model.Model, text string) []int64 {
	t.Helper()
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	return tok.Encode(text)
}

func text(g *lens.Generation) string {
	var s []byte
	for _, t := range g.New() {
		s = append(s, t.Bytes...)
	}
	return string(s)
}

// TestEndings: each way in which a text ends.
func TestEndings(t *testing.T) {
	m := open(t, "", "")
	few := lens.Options{Rows: []int{m.Sizes.Blocks}, Top: 1}
	free := write(t, m, "The old man", lens.GenerateOptions{Lens: few})
	if free.Ended.Why != lens.EndMaxNew || len(free.Steps) != lens.DefaultMaxNew {
		t.Fatalf("%d tokens, ended %+v", len(free.Steps), free.Ended)
	}
	stop := string(free.Steps[2].Token.Bytes)
	stopped := 1 // the tokens with which the text has it
	for !strings.Contains(strings.Join(pieces(free, stopped), ""), stop) {
		stopped++
	}
	end := free.Sequence[free.T+4]
	ended := slices.Index(free.Sequence[free.T:], end) + 1
	for _, c := range []struct {
		name string
		o    lens.GenerateOptions
		n    int
		why  lens.Ending
	}{
		{"one", lens.GenerateOptions{MaxNew: 1}, 1, lens.Ending{Why: lens.EndMaxNew}},
		{"length", lens.GenerateOptions{MaxLength: free.T + 5}, 5, lens.Ending{Why: lens.EndMaxLength}},
		{"the shorter of two", lens.GenerateOptions{MaxLength: free.T + 5, MaxNew: 4}, 4, lens.Ending{Why: lens.EndMaxNew}},
		{"end", lens.GenerateOptions{End: []int64{50000, end}}, ended, lens.Ending{Why: lens.EndToken}},
		{"no end", lens.GenerateOptions{MaxNew: 12, End: []int64{end}, NoEnd: true}, 12, lens.Ending{Why: lens.EndMaxNew}},
		{"stop", lens.GenerateOptions{Stop: []string{"never this", stop}}, stopped, lens.Ending{Why: lens.EndStop, Stop: stop}},
		{"stop in the prompt alone", lens.GenerateOptions{MaxNew: 3, Stop: []string{"The old"}}, 3, lens.Ending{Why: lens.EndMaxNew}},
	} {
		c.o.Lens = few
		g := write(t, m, "The old man", c.o)
		if len(g.Steps) != c.n || g.Ended != c.why || g.Ended.String() == "" {
			t.Errorf("%s: %d tokens, want %d; ended %+v, want %+v", c.name, len(g.Steps), c.n, g.Ended, c.why)
		}
		if !slices.Equal(g.Sequence, free.Sequence[:len(g.Sequence)]) {
			t.Errorf("%s: %v is not the beginning of %v", c.name, g.Sequence, free.Sequence)
		}
	}
}

func pieces(g *lens.Generation, n int) []string {
	var out []string
	for _, t := range g.New()[:n] {
		out = append(out, string(t.Bytes))
	}
	return out
}

// TestStopAcrossTokens: a text that ends the generation may begin within one token
// and end within another.
func TestStopAcrossTokens(t *testing.T) {
	m := open(t, "", "")
	few := lens.Options{Rows: []int{0}, Top: 1}
	free := write(t, m, "The old man", lens.GenerateOptions{MaxNew: 8, Lens: few})
	all := text(free)
	p := pieces(free, 8)
	cut := len(p[0]) + len(p[1])
	stop := all[cut-1 : cut+1] // the end of the second token and the beginning of the third
	g := write(t, m, "The old man", lens.GenerateOptions{MaxNew: 8, Lens: few, Stop: []string{stop}})
	if got := text(g); g.Ended.Stop != stop || !strings.Contains(got, stop) || strings.Contains(strings.Join(pieces(g, len(g.Steps)-1), ""), stop) {
		t.Errorf("stopped at %q: %q, ended %+v", stop, got, g.Ended)
	}
}

// TestContext: a text ends where the model can read no more, and a prompt that fills
// the context has one next token.
func TestContext(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	for _, T := range []int{250, 255, 256} {
		g, err := lens.Generate(context.Background(), m, reference.IDs(1, T, m.Sizes.Vocab), lens.GenerateOptions{MaxNew: 20, NoEnd: true, Lens: lens.Options{Positions: []int{-1}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(g.Steps); n != 257-T || g.Ended.Why != lens.EndContext {
			t.Errorf("%d tokens behind %d in a context of 256; ended %+v", n, T, g.Ended)
		}
		if r := g.Joined(0); len(r.Positions) != len(g.Steps) || r.Positions[0] != T-1 {
			t.Errorf("positions %v", r.Positions)
		}
	}
	var long *model.LengthError
	if _, err := lens.Generate(context.Background(), m, reference.IDs(1, 257, m.Sizes.Vocab), lens.GenerateOptions{}, nil); !errors.As(err, &long) {
		t.Errorf("a prompt of 257 tokens: %v", err)
	}
}

// TestBadGenerateOptions: what cannot be is refused, in words.
func TestBadGenerateOptions(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := []int64{1, 2, 3}
	for _, c := range []struct {
		o    lens.GenerateOptions
		says string
	}{
		{lens.GenerateOptions{MaxNew: -1}, "MaxNew is -1"},
		{lens.GenerateOptions{MaxLength: 3}, "the prompt alone has 3"},
		{lens.GenerateOptions{MaxNew: 5, MinNew: 6}, "at least 9 tokens"},
		{lens.GenerateOptions{MaxLength: 5, MinLength: 6}, "at least 6 tokens"},
		{lens.GenerateOptions{MinNew: 21}, "may not become so long"},
		{lens.GenerateOptions{Stop: []string{""}}, "empty"},
		{lens.GenerateOptions{End: []int64{-1}}, "token -1"},
		{lens.GenerateOptions{End: []int64{1009}}, "token 1009"},
		{lens.GenerateOptions{Sampling: &model.Sampling{}}, "temperature 0"},
		{lens.GenerateOptions{Lens: lens.Options{At: "nosuch"}}, "nosuch"},
		{lens.GenerateOptions{Lens: lens.Options{Rows: []int{9}}}, "row 9"},
		{lens.GenerateOptions{Lens: lens.Options{Positions: []int{3}}}, "no position 3"},
		{lens.GenerateOptions{Lens: lens.Options{Top: 5000}}, "5000 candidates"},
	} {
		g, err := lens.Generate(context.Background(), m, ids, c.o, nil)
		var choice *lens.ChoiceError
		if g != nil || !errors.As(err, &choice) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
	for _, bad := range [][]int64{nil, {}, {-1}, {1009}} {
		if _, err := lens.Generate(context.Background(), m, bad, lens.GenerateOptions{}, nil); err == nil {
			t.Errorf("the prompt %v was read", bad)
		}
	}
}

// TestInterruptedGeneration: what was made before ctx was done, or before a step's
// caller had an error, comes back; nothing of libtorch is left behind.
func TestInterruptedGeneration(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := []int64{1, 2, 3}
	if _, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: 1, NoEnd: true}, nil); err != nil {
		t.Fatal(err) // what stays for the process is there now
	}
	live := torch.Live()
	full := errors.New("enough")
	for _, c := range []struct {
		name  string
		cause error
		why   lens.Why
	}{{"ctx", context.Canceled, lens.EndInterrupted}, {"each", full, lens.EndFailed}} {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		g, err := lens.Generate(ctx, m, ids, lens.GenerateOptions{MaxNew: 10, NoEnd: true}, func(s *lens.Step) error {
			// The device is free between the steps.
			if _, err := lens.Read(context.Background(), m, ids, lens.Options{}); err != nil {
				return err
			}
			switch {
			case s.Index == 2 && c.cause == full:
				return full
			case s.Index == 2:
				cancel()
			}
			return nil
		})
		if !errors.Is(err, c.cause) || g == nil || len(g.Steps) != 3 || len(g.Sequence) != 6 || g.Ended.Why != c.why {
			t.Errorf("%s: %v, %+v", c.name, err, g)
		}
		if r := g.Joined(0); len(r.Positions) != 5 {
			t.Errorf("%s: positions %v", c.name, r.Positions)
		}
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if g, err := lens.Generate(canceled, m, ids, lens.GenerateOptions{}, nil); g != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v, %v", g, err)
	}
	if n := torch.Live(); n != live {
		t.Errorf("%d tensors and modules more than before", n-live)
	}
}

// TestJoined: what the steps hold is what the joined result holds, position by position.
func TestJoined(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := []int64{5, 6, 7, 8}
	words := []lens.Word{{Text: "a", ID: 3}, {Text: "b", ID: 4}}
	g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: 5, NoEnd: true,
		Lens: lens.Options{Top: 4, Track: 3, Words: words, Logits: true, Hidden: true}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	part, want := g.Joined(0).From(3), g.Joined(3)
	for _, both := range [][2]any{{*part.Targets, *want.Targets}, {*part.Tracks, *want.Tracks}, {part.Written, want.Written}, {part.Positions, want.Positions},
		{part.TopIDs, want.TopIDs}, {part.TopProbs, want.TopProbs}, {part.KL, want.KL}, {part.Agree, want.Agree}, {part.Logits, want.Logits}, {part.Tokens, want.Tokens}, {part.Hidden, want.Hidden}} {
		if fmt.Sprintf("%+v", both[0]) != fmt.Sprintf("%+v", both[1]) {
			t.Errorf("from 3 on: %.200v, want %.200v", both[0], both[1])
		}
	}
	for _, from := range []int{0, 3} {
		r := g.Joined(from)
		R, P, V, N := len(r.Rows), len(r.Positions), m.Sizes.Vocab, len(words)
		if P != 8-from || (r.Hidden == nil) != (from > 0) || len(r.Logits) != R*P*V || len(r.TopIDs) != R*P*4 {
			t.Fatalf("from %d: %d positions, %d logits", from, P, len(r.Logits))
		}
		if q := len(r.Targets.Positions); q != 5 || len(r.Targets.Rank) != R*q*N {
			t.Errorf("targets at %v, %d ranks", r.Targets.Positions, len(r.Targets.Rank))
		}
		for i, p := range r.Positions {
			step := g.Steps[max(0, p-3)].Lens
			at := slices.Index(step.Positions, p)
			for row := range R {
				here, there := row*P+i, row*len(step.Positions)+at
				if r.Entropy[here] != step.Entropy[there] || r.KL[here] != step.KL[there] || r.Agree[here] != step.Agree[there] ||
					!slices.Equal(r.TopProbs[here*4:here*4+4], step.TopProbs[there*4:there*4+4]) ||
					!slices.Equal(r.Logits[here*V:(here+1)*V], step.Logits[there*V:(there+1)*V]) {
					t.Errorf("from %d: row %d at position %d is not the step's", from, row, p)
				}
				n, own := r.Tracks.N, step.Tracks.N
				if !slices.Equal(r.Tracks.Prob[here*n:here*n+own], step.Tracks.Prob[there*own:(there+1)*own]) && !hasNaN(step.Tracks.Prob[there*own:(there+1)*own]) {
					t.Errorf("from %d: row %d at position %d follows other tokens", from, row, p)
				}
			}
		}
		for _, id := range r.Written.Sequence[g.T:] {
			if _, ok := r.Pieces[id]; !ok {
				t.Errorf("no piece for the new token %d", id)
			}
		}
	}
}

func hasNaN(v []float32) bool {
	return slices.ContainsFunc(v, func(x float32) bool { return x != x })
}

// TestGenerateWithoutCache: an archive that keeps nothing reads the whole text in
// every step; the tokens are the same, and it says so.
func TestGenerateWithoutCache(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	path := filepath.Join(t.TempDir(), "m.pt")
	reference.Archive(t, "script", dir, "sdpa", path)
	a, m := open(t, path, ""), open(t, dir, model.SDPA)
	if a.Cached() || !m.Cached() {
		t.Fatalf("cached: archive %v, folder %v", a.Cached(), m.Cached())
	}
	ids := reference.IDs(6, 5, m.Sizes.Vocab)
	h := &hooks.Registry{}
	h.Add("h.1", hooks.Scale(0.9))
	o := lens.GenerateOptions{MaxNew: 10, NoEnd: true, Lens: lens.Options{Next: true, Hidden: true, Top: 2, Hooks: h}}
	got, err := lens.Generate(context.Background(), a, ids, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := lens.Generate(context.Background(), m, ids, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Sequence, want.Sequence) {
		t.Errorf("sequence %v, want %v", got.Sequence, want.Sequence)
	}
	if !strings.Contains(fmt.Sprint(got.Warnings), "whole text") || strings.Contains(fmt.Sprint(want.Warnings), "whole text") {
		t.Errorf("warnings %q and %q", got.Warnings, want.Warnings)
	}
	g, w := got.Joined(0), want.Joined(0)
	if len(g.Hidden) != len(w.Hidden) || len(g.Entropy) != len(w.Entropy) || !slices.Equal(g.Positions, w.Positions) {
		t.Fatalf("shapes differ: %d and %d states, positions %v", len(g.Hidden), len(w.Hidden), g.Positions)
	}
	approx.All(t, "states", g.Hidden, w.Hidden, 1e-3)
}
