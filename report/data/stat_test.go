package data

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

// TestStats: statistics that were asked for are arrays beside the others, and columns of CSV.
func TestStats(t *testing.T) {
	r := madeup.Plain()
	n, tn := len(r.Rows)*len(r.Positions), len(r.Targets.LogProb)
	margin, in := make([]float32, n), make([]float32, tn)
	margin[0], in[0] = 0.25, float32(math.NaN())
	r.Stats = []lens.StatValues{{Stat: lens.Margin, Values: margin}, {Stat: lens.InTop(3), Values: in}}
	arrays, err := lensArrays(r)
	if err != nil {
		t.Fatal(err)
	}
	last := arrays[len(arrays)-2:]
	if last[0].Name != "margin" || !slices.Equal(last[0].Dims, []int{len(r.Rows), len(r.Positions)}) || last[1].Name != "in_top_3" {
		t.Errorf("arrays %+v", last)
	}
	table := lensTable(r)
	if !slices.Equal(table.Columns[len(table.Columns)-3:], []string{"agree", "margin", "in_top_3"}) {
		t.Errorf("columns %q", table.Columns)
	}
	var first []string
	table.Lines(func(fields []string) {
		if first == nil {
			first = slices.Clone(fields)
		}
	})
	if !slices.Equal(first[len(first)-2:], []string{"0.25", ""}) {
		t.Errorf("the first line %q", first)
	}
	r.Stats[0].Name = "entropy"
	if _, err := lensArrays(r); err == nil || !strings.Contains(err.Error(), "entropy") {
		t.Errorf("a statistic with the name of another array: %v", err)
	}
	r.Stats[0].Name, r.Stats[0].Values = "margin", margin[1:]
	if _, err := lensArrays(r); err == nil || !strings.Contains(err.Error(), "margin") {
		t.Errorf("a statistic of another shape: %v", err)
	}
}
