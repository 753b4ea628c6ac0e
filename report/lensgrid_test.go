package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

func grid(t *testing.T, r *lens.Result, o GridOptions) *figure.Grid {
	t.Helper()
	g, err := LensGrid(r, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestLensGridCells(t *testing.T) {
	r := madeup.Plain()
	g := grid(t, r, GridOptions{})
	if len(g.Rows) != 13 || len(g.Columns) != 11 || len(g.Cells) != 143 {
		t.Fatalf("%d rows, %d columns, %d cells", len(g.Rows), len(g.Columns), len(g.Cells))
	}
	marked := 0
	for i := range g.Rows {
		for j := range g.Columns {
			n := (i*11 + j) * r.K
			c := g.At(i, j)
			next := j+1 < 11 && r.Tokens[j+1].ID == r.TopIDs[n]
			if c.Text != visible.Text(r.Pieces[r.TopIDs[n]].Bytes) || c.Value != float64(r.TopProbs[n]) || c.Marked != next {
				t.Fatalf("cell %d,%d is %+v", i, j, c)
			}
			if next {
				marked++
			}
		}
	}
	if marked == 0 {
		t.Error("no cell is marked")
	}
	if g.Columns[1] != (figure.Head{Text: "·way", Note: "1"}) || g.Rows[0] != (figure.Head{Text: "emb", Note: "drop"}) || g.Footers[0].Cells[0] != "·way" || g.Footers[0].Cells[10] != "" {
		t.Errorf("heads %v %v, footer %v", g.Columns[1], g.Rows[0], g.Footers)
	}
	if want := "notebook lens of gpt2: likeliest next tokens"; g.Title != want {
		t.Errorf("title %q, want %q", g.Title, want)
	}
}

func TestLensGridLastOnTop(t *testing.T) {
	r := madeup.Plain()
	up, down := grid(t, r, GridOptions{}), grid(t, r, GridOptions{LastOnTop: true})
	for i := range up.Rows {
		if up.Rows[i] != down.Rows[12-i] || up.At(i, 4) != down.At(12-i, 4) {
			t.Fatalf("row %d is not row %d turned round", i, 12-i)
		}
	}
}

func TestShades(t *testing.T) {
	r := madeup.Plain()
	r.Entropy[0], r.Entropy[1], r.Entropy[2] = 0, 7, 3.5
	for i := 3; i < len(r.Entropy); i++ {
		r.Entropy[i] = 1
	}
	r.KL[0], r.KL[1], r.KL[2] = madeup.NaN, float32(math.Inf(1)), -1e-7
	r.Agree[0], r.Agree[1] = false, true
	last := 10 // the only position with targets
	for i := range 13 {
		r.Targets.Prob[2*i+1], r.Targets.Rank[2*i+1] = 0.004, 100
	}
	r.Targets.Rank[1], r.Targets.Prob[1] = 1, 0.996
	for i := range r.Targets.Rank {
		r.Targets.Rank[i] = min(r.Targets.Rank[i], 100)
	}
	for _, c := range []struct {
		o      GridOptions
		column int
		value  float64
		number string
	}{
		{GridOptions{By: ByEntropy}, 0, 0, "0.00"},
		{GridOptions{By: ByEntropy}, 1, 7.0 / 8, "7.00"},
		{GridOptions{By: ByEntropy}, 2, 3.5 / 8, "3.50"},
		{GridOptions{By: ByKL}, 0, math.NaN(), "NaN"},
		{GridOptions{By: ByKL}, 1, 1, "+Inf"},
		{GridOptions{By: ByKL}, 2, 0, "-0.00"},
		{GridOptions{By: ByAgree}, 0, 0, "0"},
		{GridOptions{By: ByAgree}, 1, 1, "1"},
		{GridOptions{By: ByTargetProb, Target: 1}, last, float64(float32(0.996)), "99"},
		{GridOptions{By: ByTargetProb, Target: 1}, 0, math.NaN(), ""},
		{GridOptions{By: ByTargetRank, Target: 1}, last, 1, "1"},
		{GridOptions{By: ByTargetRank, Target: 1}, 3, math.NaN(), ""},
	} {
		g := grid(t, r, c.o)
		got := g.At(0, c.column)
		if got.Value != c.value && !(math.IsNaN(got.Value) && math.IsNaN(c.value)) || got.Number != c.number {
			t.Errorf("%v: column %d is %v %q, want %v %q", c.o, c.column, got.Value, got.Number, c.value, c.number)
		}
		ticks := g.Scale.Ticks
		if ticks[0].At != 0 || ticks[len(ticks)-1].At != 1 || !slices.IsSortedFunc(ticks, func(a, b figure.Tick) int { return int(1e6 * (a.At - b.At)) }) {
			t.Errorf("%v: ticks %v", c.o, ticks)
		}
	}
	if g := grid(t, r, GridOptions{By: ByTargetRank, Target: 1}); g.At(1, last).Value != 0 || g.At(1, last).Number != "100" {
		t.Errorf("the worst rank is %+v", g.At(1, last))
	}
}

func TestRoundTicks(t *testing.T) {
	for _, c := range []struct {
		largest, top float64
		want         string
	}{
		{0, 1, "0 0.2 0.4 0.6 0.8 1"},
		{11, 12.5, "0 2.5 5 7.5 10 12.5"},
		{7.34, 8, "0 2 4 6 8"},
		{1, 1, "0 0.2 0.4 0.6 0.8 1"},
		{0.0031, 0.004, "0 0.001 0.002 0.003 0.004"},
		{99.9, 100, "0 20 40 60 80 100"},
	} {
		ticks, top := roundTicks(c.largest)
		var texts []string
		for _, tick := range ticks {
			texts = append(texts, tick.Text)
		}
		if got := strings.Join(texts, " "); !(math.Abs(top-c.top) <= 1e-12) || got != c.want {
			t.Errorf("up to %v: %v in %s, want %v in %s", c.largest, top, got, c.top, c.want)
		}
	}
}

// Ranks of a large vocabulary have ticks that fit beside each other.
func TestRankTicks(t *testing.T) {
	for worst, want := range map[int64]string{3: "10 1", 50_257: "100k 10k 1000 100 10 1", 2_000_000: "10M 1M 100k 10k 1000 100 10 1"} {
		var texts []string
		for _, tick := range rankShade("rank", []int64{1, worst}, nil).scale.Ticks {
			texts = append(texts, tick.Text)
		}
		if got := strings.Join(texts, " "); got != want {
			t.Errorf("ranks up to %d: ticks %s, want %s", worst, got, want)
		}
	}
}

func TestLensGridErrors(t *testing.T) {
	for _, c := range []struct {
		change func(r *lens.Result)
		o      GridOptions
		want   string
	}{
		{func(r *lens.Result) { r.K, r.TopIDs, r.TopProbs, r.TopLogits = 0, nil, nil, nil }, GridOptions{}, "no candidates"},
		{func(r *lens.Result) { r.KL = nil }, GridOptions{By: ByKL}, "no KL divergence"},
		{func(r *lens.Result) { r.Entropy = nil }, GridOptions{By: ByEntropy}, "no entropy"},
		{func(r *lens.Result) { r.Agree = nil }, GridOptions{By: ByAgree}, "no agreement"},
		{func(r *lens.Result) { r.Targets = nil }, GridOptions{By: ByTargetProb}, "no targets"},
		{func(r *lens.Result) {}, GridOptions{By: ByTargetRank, Target: 2}, "no target 2 among the 2"},
		{func(r *lens.Result) { r.Positions[3] = 99 }, GridOptions{}, "position 99"},
		{func(r *lens.Result) { r.Targets.IDs = nil }, GridOptions{}, "targets of the result have no ids"},
		{func(r *lens.Result) {}, GridOptions{By: "colour"}, `no measure "colour" to shade by; there are prob, entropy, kl, agree, target-prob, target-rank`},
	} {
		r := madeup.Plain()
		c.change(r)
		if _, err := LensGrid(r, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.o, err, c.want)
		}
	}
	if m, err := ParseMeasure("kl"); m != ByKL || err != nil {
		t.Errorf("kl is %q, %v", m, err)
	}
}

func TestTargetGrid(t *testing.T) {
	r := madeup.Plain()
	r.Targets.Ties[1] = 2
	g, err := TargetGrid(r, GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Columns) != 2 || g.Columns[1] != (figure.Head{Text: "·way", Note: "after 10"}) {
		t.Errorf("columns %v", g.Columns)
	}
	if c := g.At(0, 1); c.Text != "5=" || c.Number != "-2.24" || c.Value != float64(r.Targets.Prob[1]) {
		t.Errorf("cell %+v of rank %d, log-probability %v", c, r.Targets.Rank[1], r.Targets.LogProb[1])
	}
	next := madeup.Hard()
	g, err = TargetGrid(next, GridOptions{LastOnTop: true})
	if err != nil {
		t.Fatal(err)
	}
	n := len(next.Tokens)
	if len(g.Columns) != n-1 || g.Columns[0].Text != "カタカナ" {
		t.Errorf("%d columns, first %v", len(g.Columns), g.Columns[0])
	}
	if got, want := g.At(0, 0).Value, float64(next.Targets.Prob[3*n]); got != want {
		t.Errorf("the last row's first target has probability %v, want %v", got, want)
	}
	alone := madeup.Result{Prompt: []string{" the"}, Rows: 3, K: 1, Next: true, Vocab: synthetic.PlainWords}.Make()
	if g, err := TargetGrid(alone, GridOptions{}); g != nil || err != nil {
		t.Errorf("of one token, which has no next: %v, %v", g, err)
	}
	next.Targets = nil
	if g, err := TargetGrid(next, GridOptions{}); g != nil || err != nil {
		t.Errorf("without targets: %v, %v", g, err)
	}
}

func TestTitle(t *testing.T) {
	r := &lens.Result{Name: "p 1\x1b", Manifest: lens.Manifest{
		Lens: lens.Raw.Name(), Model: "my models/gpt2\n", At: "mlp", Interventions: []string{"scale h.3 0.8", "zero h.4.mlp"},
	}}
	want := `p 1\x1b: raw lens of my models/gpt2↵ at mlp with scale h.3 0.8, zero h.4.mlp`
	if got := Title(r); got != want {
		t.Errorf("title %q, want %q", got, want)
	}
}
