package bench_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/lens"
)

// result returns a result with a row for each list of times.
func result(rows ...bench.Row) *bench.Result {
	for i := range rows {
		rows[i].Time = bench.Summarise(rows[i].Seconds)
	}
	return &bench.Result{Format: bench.Format, Rows: rows, Machine: bench.Machine{Processors: 2}, Limits: bench.Limits{By: "libtorch", FLOPS: 2e11, Bytes: 2e10},
		Manifest: lens.Manifest{CPU: "a processor", Threads: 2, Device: "cpu", Config: strings.Repeat("0123456789abcdef", 4), Libtorch: "2.11.0"}}
}

func row(T int, seconds ...float64) bench.Row {
	return bench.Row{Work: bench.Forward, Mode: "exact", T: T, Each: T, Seconds: seconds, Peak: 1 << 30}
}

// TestCompare: a change counts where the intervals do not meet.
func TestCompare(t *testing.T) {
	steady := []float64{1, 1.01, 1.02, 1.03, 1.04}
	times := func(by float64) []float64 {
		var out []float64
		for _, s := range steady {
			out = append(out, by*s)
		}
		return out
	}
	for _, c := range []struct {
		by      float64
		verdict bench.Verdict
		worse   bool // at a tolerance of 10 %
	}{{1, bench.Same, false}, {1.03, bench.Same, false}, {1.05, bench.Slower, false}, {1.09, bench.Slower, false}, {1.2, bench.Slower, true}, {0.97, bench.Same, false}, {0.5, bench.Faster, false}} {
		k := bench.Compare(result(row(14, steady...)), result(row(14, times(c.by)...)))
		if len(k.Changes) != 1 || k.Changes[0].Verdict != c.verdict || k.Changes[0].Worse(0.1) != c.worse || k.Products != 1 || k.Memory != 1 || len(k.Differs)+len(k.Only)+len(k.Notes) > 0 {
			t.Errorf("%v times: %+v", c.by, k)
		}
		if r := k.Changes[0].Ratio; !(r >= c.by-1e-9) || !(r <= c.by+1e-9) || k.Changes[0].Peak != 1 {
			t.Errorf("%v times: the ratio is %v", c.by, r)
		}
	}
	// A wide spread hides what a narrow one shows, and three runs show nothing.
	k := bench.Compare(result(row(1, 1, 1, 1, 1, 1.6), row(2, 1, 1, 1)), result(row(1, 1.5, 1.5, 1.5, 1.5, 1.5), row(2, 9, 9, 9)))
	if k.Changes[0].Verdict != bench.Same || k.Changes[1].Verdict != bench.Unknown || k.Changes[1].Worse(0) {
		t.Errorf("%+v", k)
	}
}

// TestCompareHooks: of hooks, overheads are compared: a slower machine is no slower hook.
func TestCompareHooks(t *testing.T) {
	hooks := func(ratio float64, seconds float64) *bench.Result {
		r := row(14, seconds, seconds, seconds, seconds)
		r.Work, r.Overhead = bench.Hooks, &bench.Overhead{Ratio: bench.Summarise([]float64{ratio, ratio, ratio, ratio})}
		return result(r)
	}
	if c := bench.Compare(hooks(1.02, 1), hooks(1.02, 9)).Changes[0]; c.Verdict != bench.Same || c.Ratio != 1 {
		t.Errorf("%+v", c)
	}
	if c := bench.Compare(hooks(1.02, 1), hooks(1.53, 1)).Changes[0]; c.Verdict != bench.Slower || !c.Worse(0.4) || c.Worse(0.6) {
		t.Errorf("%+v", c)
	}
}

// TestComparable: other machines and models are named, other libraries noted, and works
// of one side listed.
func TestComparable(t *testing.T) {
	for says, change := range map[string]func(*bench.Result){
		"the processor was a processor, and is another": func(r *bench.Result) { r.Manifest.CPU = "another" },
		"the number of threads was 2, and is 1":         func(r *bench.Result) { r.Manifest.Threads = 1 },
		"the number of processors was 2, and is 64":     func(r *bench.Result) { r.Machine.Processors = 64 },
		"configuration was 0123456789ab, and is fedcba": func(r *bench.Result) { r.Manifest.Config = "fedcba" },
		"the device was cpu, and is cuda:0":             func(r *bench.Result) { r.Manifest.Device = "cuda:0" },
	} {
		b := result(row(1, 1))
		change(b)
		if k := bench.Compare(result(row(1, 1)), b); len(k.Differs) != 1 || !strings.Contains(k.Differs[0], says) || len(k.Changes) != 1 {
			t.Errorf("%q: %q", says, k.Differs)
		}
	}
	b := result(row(2, 1), row(3, 1))
	b.Manifest.Libtorch, b.Limits.FLOPS = "2.15.0", 1e11
	k := bench.Compare(result(row(1, 1), row(2, 1)), b)
	if len(k.Differs) > 0 || len(k.Notes) != 1 || !strings.Contains(k.Notes[0], "2.15.0") || k.Products != 0.5 || !slices.Equal(k.Only, []string{"forward exact T=3", "forward exact T=1"}) {
		t.Errorf("%+v", k)
	}
	// Nor are the products of libtorch and golens the same work.
	b.Limits.By = "golens"
	if k := bench.Compare(result(row(1, 1)), b); k.Products != 0 || k.Memory != 1 || len(k.Notes) != 2 || !strings.Contains(k.Notes[1], "by libtorch, and is by golens") {
		t.Errorf("%+v", k)
	}
	// A generation of another length is another work.
	x, y := row(14, 1), row(14, 1)
	y.Each = 99
	if k := bench.Compare(result(x), result(y)); len(k.Changes) > 0 || !slices.Equal(k.Only, []string{"forward exact T=14"}) {
		t.Errorf("%+v", k)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                            "no JSON",
		"[]":                          "no JSON",
		`{"format":"golens-sweep-1"}`: "no result of golens bench",
		`{"format":"golens-bench-1","rows":[{"work":"lens","mode":"exact","tokens":1}]}`:                         "no times",
		`{"format":"golens-bench-1","rows":[{"work":"lens","seconds":[1]},{"work":"lens","seconds":[1]}]}`:       "twice",
		`{"format":"golens-bench-1","rows":[{"work":"lens","seconds":[1,-1]}]}`:                                  "a time of -1",
		`{"format":"golens-bench-1","rows":[{"work":"hooks","seconds":[1,1],"overhead":{"plain_seconds":[1]}}]}`: "2 times with captures and 1 without",
		`{"format":"golens-bench-1","rows":[{"work":"hooks","seconds":[1],"overhead":{"plain_seconds":[0]}}]}`:   "a time of 0",
	} {
		if r, err := bench.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
}

// FuzzRead: whatever a file holds, reading it ends with an error or with a result that
// can be compared with itself and differs in nothing.
func FuzzRead(f *testing.F) {
	f.Add(`{"format":"golens-bench-1","rows":[{"work":"hooks","mode":"exact","tokens":1,"seconds":[1,2],"overhead":{"plain_seconds":[1,2]}}]}`)
	f.Add(`{"format":"golens-bench-1","manifest":{"config":"x"},"rows":[{"work":"lens","tokens":-1,"seconds":[1e-300,1e300]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := bench.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		k := bench.Compare(r, r)
		if len(k.Differs)+len(k.Only)+len(k.Notes) > 0 || len(k.Changes) != len(r.Rows) {
			t.Errorf("%+v", k)
		}
		for _, c := range k.Changes {
			if c.Worse(0) || c.Verdict == bench.Faster {
				t.Errorf("%+v", c)
			}
		}
	})
}
