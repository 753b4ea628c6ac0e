package report

import (
	"bytes"
	"encoding/csv"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/sweep"
)

// synthetic is a sweep of two changes at three places, one of them a head, with two
// targets and odd numbers; one run was not made.
func syntheticSweep() *sweep.Result {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	words := []string{" a", "é\n"}
	diff := func(a, b string) sweep.Metric {
		return sweep.Metric{Kind: sweep.Diff, Diff: [2]lens.Word{{Text: a, ID: 1}, {Text: b, ID: 2}}}
	}
	return &sweep.Result{
		Prompt: "x \u2028", Tokens: []lens.Token{{ID: 7, Bytes: []byte("x")}, {ID: 8, Bytes: []byte{0xff}}},
		Changes: []string{"scale 0.1", "zero"}, Factors: []float64{0.1, math.NaN()},
		Places: []sweep.Place{{Point: "drop", Label: "emb", Block: -1, Site: sweep.Embed, Head: -1}, {Point: "h.0", Label: "L0", Site: sweep.Resid, Head: -1}, {Point: "h.0.attn:h1", Label: "L0 h1", Site: sweep.Heads, Head: 1}},
		Words:  words, IDs: []int64{1, 2},
		Series: []sweep.Series{
			{Metric: sweep.Metric{Kind: sweep.LogProb}, W: 2, Clean: []float32{-1, -2}, Values: []float32{-1.5, inf, 0.1, 7.038531e-26, 1, 2, 3, 4, 5, 6, nan, nan}, Other: []float32{-3, -2.5}},
			{Metric: diff(" a", " b"), W: 1, Clean: []float32{0}, Values: []float32{1, 2, 3, 4, 5, nan}},
			{Metric: diff(" c", `"`), W: 1, Clean: []float32{0.5}, Values: []float32{-1, -2, -3, -4, -5, nan}},
		},
		Done: []bool{true, true, true, true, true, false}, Digest: "abc", Warnings: []string{"a sentence"}, Manifest: lens.Manifest{Model: "m", Threads: 2},
	}
}

// TestSweepJSON: what is written reads back, to the bit.
func TestSweepJSON(t *testing.T) {
	want := syntheticSweep()
	var b, again bytes.Buffer
	if err := SweepBundle(want).JSON(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	got, err := ReadSweep(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := SweepBundle(got).JSON(&again); err != nil || again.String() != text {
		t.Errorf("%v: it is written again as\n%s, not\n%s", err, again.String(), text)
	}
	for i := range want.Series {
		for n, v := range want.Series[i].Values {
			if w := got.Series[i].Values[n]; math.Float32bits(v) != math.Float32bits(w) && v == v {
				t.Errorf("series %d: value %d is %v, not %v", i, n, w, v)
			}
		}
	}
	if got.Prompt != want.Prompt || !bytes.Equal(got.Tokens[1].Bytes, []byte{0xff}) || !slices.Equal(got.Done, want.Done) || !reflect.DeepEqual(got.Places, want.Places) || got.Manifest.Threads != 2 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{`"clean"`, `"logprob"`, `"recovery_logprob"`, `"diff"`, `"diff_1"`, `"clean_diff_1"`} {
		if strings.Count(text, name+":") != 1 {
			t.Errorf("%s is there %d times", name, strings.Count(text, name+":"))
		}
	}
}

// TestSweepCSV: a line for each run that was made, metric and target.
func TestSweepCSV(t *testing.T) {
	var b bytes.Buffer
	if err := SweepCSV(&b, syntheticSweep()); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(lines) != 1+5*4 {
		t.Fatalf("%v, %d lines", err, len(lines))
	}
	want := []string{"scale 0.1", "0.1", "drop", "emb", "embed", "-1", "", "logprob", "2", `é\n`, "-Infinity", "-2.0", "Infinity", "0"}
	if !slices.Equal(lines[2], want) {
		t.Errorf("got  %q\nwant %q", lines[2], want)
	}
}

// TestSweepViews: tables, grids and figures of a sweep with odd numbers.
func TestSweepViews(t *testing.T) {
	r := syntheticSweep()
	table := SweepTable(r)
	if len(table.Rows) != 1+2*3 || table.Rows[1][2] != "-1.5000" || table.Rows[1][3] != "-0.5000" || table.Rows[1][4] != "0.2500" || table.Rows[6][2] != "-" {
		t.Errorf("%q", table.Rows)
	}
	if !slices.Contains(table.Notes, "5 of 6 runs were made") {
		t.Errorf("%q", table.Notes)
	}
	for _, g := range SweepGrids(r) {
		for i, c := range g.Cells {
			if c.Text == "-" != math.IsNaN(c.Value) && c.Text != "-Inf" || !math.IsNaN(c.Value) && !(c.Value >= 0 && c.Value <= 1) {
				t.Errorf("%s: cell %d is %+v", g.Title, i, c)
			}
		}
	}
	heads := syntheticSweep()
	heads.Places = nil
	for i := range 4 {
		heads.Places = append(heads.Places, sweep.Place{Label: "h", Block: i / 2, Head: i % 2})
	}
	heads.Changes, heads.Factors, heads.Done, heads.Series = heads.Changes[:1], heads.Factors[:1], heads.Done[:4], heads.Series[1:2]
	heads.Series[0].Values = heads.Series[0].Values[:4]
	if b, h := sweepHeads(heads); b != 2 || h != 2 {
		t.Errorf("%d blocks, %d heads", b, h)
	}
	one := syntheticSweep()
	one.Changes, one.Factors, one.Done = one.Changes[1:], one.Factors[1:], one.Done[:3]
	for i := range one.Series {
		one.Series[i].Values = one.Series[i].Values[:3*one.Series[i].W]
	}
	factors := syntheticSweep()
	factors.Factors[1] = 0
	for name, r := range map[string]*sweep.Result{"two": r, "heads": heads, "one": one, "factors": factors} {
		for _, format := range figure.Formats {
			var b bytes.Buffer
			if err := figure.Write(&b, format, SweepFigure(r), figure.Options{}); err != nil || b.Len() == 0 {
				t.Errorf("%s as %s: %v, %d bytes", name, format, err, b.Len())
			}
		}
	}
}

func FuzzReadSweep(f *testing.F) {
	var b bytes.Buffer
	if err := SweepBundle(syntheticSweep()).JSON(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"format": "golens-sweep-1", "manifest": {"plan": {"next": true, "metrics": [{"kind": "kl", "array": "kl"}]}}, "factors": [], "target_ids": [], "done": [], "warnings": []}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadSweep(bytes.NewReader(data))
		if err != nil {
			return
		}
		if c, err := sweep.Compare(r, r); err == nil && (!c.Same || !c.MustSame) {
			t.Fatal("a result differs from itself")
		}
		var b bytes.Buffer
		if err := SweepCSV(&b, r); err != nil {
			t.Fatal(err)
		}
	})
}
