package report

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

// TestSweepSeeds: the mean and spread over seeds are in the table and in the files, from
// which a sweep's groups come back.
func TestSweepSeeds(t *testing.T) {
	r := &sweep.Result{Changes: []string{"noise 1,0", "noise 1,1"}, Factors: []float64{0, 0}, Words: []string{" a"}, IDs: []int64{5},
		Places: []sweep.Place{{Point: "h.0", Label: "L0", Head: -1}}, Groups: []sweep.Group{{Name: "noise 1, 2 seeds", Changes: []int{0, 1}}},
		Series: []sweep.Series{{Metric: sweep.Metric{Kind: sweep.LogProb}, W: 1, Clean: []float32{-2}, Values: []float32{-1, -4}}}, Done: []bool{true, true}}
	var out bytes.Buffer
	if err := data.Sweep(r).Write(&out, data.JSON, data.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"mean_logprob": [[[-2.5]]]`, `"sd_logprob": [[[2.1213202]]]`} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), ""), strings.Join(strings.Fields(want), "")) {
			t.Errorf("the file lacks %s:\n%s", want, out.String())
		}
	}
	back, err := data.ReadSweep(&out)
	if err != nil || !reflect.DeepEqual(back.Groups, r.Groups) {
		t.Errorf("the groups come back as %v (%v)", back, err)
	}
	row := SweepSeeds(r).Rows[1]
	if want := []string{"L0", "noise 1, 2 seeds", "-2.5000", "2.1213", "-0.5000"}; !reflect.DeepEqual(row, want) {
		t.Errorf("the row is %q, want %q", row, want)
	}
	r.Groups = nil
	if SweepSeeds(r) != nil {
		t.Error("a sweep without seeds has a table of them")
	}
}
