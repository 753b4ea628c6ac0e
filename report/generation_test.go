package report

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report/internal/madeup"
)

// TestGenerationGrid: a column for each new token, with what each row would have
// written in its place.
func TestGenerationGrid(t *testing.T) {
	for _, top := range []bool{false, true} {
		r := madeup.Written(5)
		g := grid(t, r, GridOptions{LastOnTop: top})
		if len(g.Columns) != 7 || len(g.Rows) != 13 || len(g.Cells) != 7*13 || len(g.Footers) != 0 {
			t.Fatalf("%d columns, %d rows, %d cells, footers %v", len(g.Columns), len(g.Rows), len(g.Cells), g.Footers)
		}
		for j, h := range g.Columns {
			if want := (figure.Head{Text: piece(r, r.Written.Sequence[5+j]), Note: strconv.Itoa(5 + j)}); h != want {
				t.Errorf("column %d is headed %+v, want %+v", j, h, want)
			}
			for i := range g.Rows {
				row := i
				if top {
					row = 12 - i
				}
				n := (row*11 + 4 + j) * r.K
				c := g.At(i, j)
				if c.Text != piece(r, r.TopIDs[n]) || c.Value != float64(r.TopProbs[n]) || c.Marked != (r.TopIDs[n] == r.Written.Sequence[5+j]) {
					t.Errorf("last on top %v: cell %d,%d is %+v", top, i, j, c)
				}
			}
		}
		last := 12
		if top {
			last = 0
		}
		if !g.At(last, 6).Marked {
			t.Error("the last token, which the last row chose, is not marked")
		}
		if !strings.Contains(g.Title, "would write") || !slices.Equal(g.Notes, []string{`7 new tokens, each the likeliest; stopped at "\x1b"`}) {
			t.Errorf("title %q, notes %q", g.Title, g.Notes)
		}
	}
}

// TestGenerationTargets: of next tokens those that were written have a column.
func TestGenerationTargets(t *testing.T) {
	r := madeup.Result{Prompt: strings.SplitAfter("a b c d e ", " "), Rows: 3, K: 2, Next: true, Vocab: slices.Clone(synthetic.PlainWords)}.Make()
	r.Written = &lens.Written{Prompt: 4}
	for _, t := range r.Tokens {
		r.Written.Sequence = append(r.Written.Sequence, t.ID)
	}
	r.Written.Sequence = append(r.Written.Sequence, 1)
	g, err := TargetGrid(r, GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range g.Columns {
		if c.Note < "after 3" {
			t.Errorf("a column for %+v", c)
		}
	}
	if len(g.Columns) == 0 || len(g.Cells) != 3*len(g.Columns) {
		t.Errorf("%d columns, %d cells", len(g.Columns), len(g.Cells))
	}
}

// TestGenerationViews: the figures show the new tokens.
func TestGenerationViews(t *testing.T) {
	r := madeup.Written(5)
	for view, label := range map[string]string{"words": "Out Tokens", "numbers": "Hidden States (Token Indexes)", "pieces": "Input token"} {
		d, err := LensView(view, r, GridOptions{})
		if err != nil {
			t.Fatal(err)
		}
		h := d.(*figure.Figure).Panels[0].(*figure.Heat)
		if len(h.Columns) != 7 || len(h.Values) != 7*len(h.Rows) || h.XLabel != label {
			t.Errorf("%s: %d columns, %d values, %q", view, len(h.Columns), len(h.Values), h.XLabel)
		}
		if view == "numbers" && (h.Rows[0] != "Layer 1" || h.Rows[12] != "Layer 13") {
			t.Errorf("rows %q", h.Rows)
		}
		if view == "words" && (h.Columns[0] != piece(r, r.Written.Sequence[5]) || h.Texts[0] != piece(r, r.TopIDs[4*r.K]) || h.Values[0] != float64(r.TopProbs[4*r.K])) {
			t.Errorf("%s: the first column is %q with %q", view, h.Columns[0], h.Texts[0])
		}
	}
	d, err := LensView("boxes", r, GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if b := d.(*figure.Figure).Panels[0].(*figure.Boxes); b.Columns != 7 {
		t.Errorf("%d columns of boxes", b.Columns)
	}
}

func TestGenerationManner(t *testing.T) {
	r := madeup.Written(5)
	r.Written.Sampling = &model.Sampling{Temperature: 0.5, TopK: 3, TopP: 0.9, Seed: 1 << 63}
	if s := Manner(r.Written); s != `7 new tokens, drawn with temperature 0.5, top-k 3, top-p 0.9, seed 9223372036854775808; stopped at "\x1b"` {
		t.Errorf("it is said: %s", s)
	}
}

func TestGenerationThatDoesNotFit(t *testing.T) {
	for _, bad := range []func(*lens.Written){
		func(w *lens.Written) { w.Sequence = w.Sequence[:11] },
		func(w *lens.Written) { w.Sequence = append(w.Sequence, 1) },
		func(w *lens.Written) { w.Prompt = 0 },
		func(w *lens.Written) { w.Prompt = 12 },
	} {
		r := madeup.Written(5)
		bad(r.Written)
		if _, err := LensGrid(r, GridOptions{}); err == nil {
			t.Errorf("a grid of a prompt of %d and a sequence of %d", r.Written.Prompt, len(r.Written.Sequence))
		}
		if _, err := TargetGrid(r, GridOptions{}); err == nil {
			t.Errorf("targets of a prompt of %d and a sequence of %d", r.Written.Prompt, len(r.Written.Sequence))
		}
	}
}
