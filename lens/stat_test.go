package lens

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// varentropy is a statistic that no kernel serves: the variance of -log p.
var varentropy = Stat{Name: "varentropy", Exact: `
def stat(self, x: Tensor) -> Tensor:
    l = torch.log_softmax(x, -1)
    p = l.exp()
    h = (p * l).sum(-1, keepdim=True)
    return (p * (l - h).square()).sum(-1)
`}

// ahead is such a one of targets: by how much the largest logit exceeds the target's.
var ahead = Stat{Name: "ahead", OfTargets: true, Exact: `
def stat(self, x: Tensor, at: Tensor, ids: Tensor) -> Tensor:
    return x[0, at].max(-1, keepdim=True)[0] - x[0][at[:, None], ids]
`}

// statsFor returns all statistics of these tests that options have targets for.
func statsFor(o Options) []Stat {
	if o.Next || len(o.Words) > 0 {
		return []Stat{Margin, InTop(1), InTop(10), varentropy, ahead}
	}
	return []Stat{Margin, varentropy}
}

// varentropies are those of the cells of the exact result that was compared last: several
// fast ones are compared with one.
var varentropies varentropyOf

type varentropyOf struct {
	exact  *Result
	values []float64
}

func (v *varentropyOf) of(exact *Result) []float64 {
	if v.exact == exact {
		return v.values
	}
	v.exact, v.values = exact, nil
	for from := 0; from < len(exact.Logits); from += exact.Vocab {
		l := logSoftmax64(exact.Logits[from : from+exact.Vocab])
		p, h, value := make([]float64, len(l)), 0.0, 0.0
		for i, x := range l {
			p[i] = math.Exp(x)
			h += p[i] * x
		}
		for i, x := range l {
			value += p[i] * (x - h) * (x - h)
		}
		v.values = append(v.values, value)
	}
	return v.values
}

// twoLargest returns the two largest numbers.
func twoLargest(x []float32) (first, second float32) {
	first, second = float32(math.Inf(-1)), float32(math.Inf(-1))
	for _, v := range x {
		second = max(second, min(first, v))
		first = max(first, v)
	}
	return first, second
}

// nearStats compares the statistics of a fast result with their definitions in float64 on the
// exact logits, of which none differs by more than d.
func nearStats(t *testing.T, fast, exact *Result, d float64) {
	t.Helper()
	P, V := len(exact.Positions), exact.Vocab
	for _, s := range fast.Stats {
		n := len(exact.StatNamed(s.Name).Values)
		if len(s.Values) != n {
			t.Fatalf("%s has %d values, want %d", s.Name, len(s.Values), n)
		}
		for i, got := range s.Values {
			cell, id := i, int64(-1)
			if s.OfTargets {
				tg := fast.Targets
				q := i / tg.N % len(tg.Positions)
				cell = i/tg.N/len(tg.Positions)*P + slices.Index(exact.Positions, tg.Positions[q])
				if id = tg.IDs[i%tg.N]; tg.Next {
					id = tg.IDs[q]
				}
				if id < 0 {
					if got == got {
						t.Errorf("%s where no target is: %v", s.Name, got)
					}
					continue
				}
			}
			x := exact.Logits[cell*V : (cell+1)*V]
			value, tol := 0.0, 2*d
			switch {
			case s.Name == "margin":
				first, second := twoLargest(x)
				value = float64(first) - float64(second)
			case s.Name == "ahead":
				first, _ := twoLargest(x)
				value = float64(first) - float64(x[id])
			case s.Name == "varentropy": // logits off by d make l and h off by 2d, times |l-h| and the change of p
				value = varentropies.of(exact)[cell]
				tol = (2*d + 2*sumTolerance) * (2 + 2*math.Log(float64(V))) * (2 + 2*math.Log(float64(V)))
			case strings.HasPrefix(s.Name, "in_top_"): // which follows from the rank
				var k int64
				fmt.Sscanf(s.Name, "in_top_%d", &k)
				if value = 0; fast.Targets.Rank[i] <= k {
					value = 1
				}
				tol = 0
			}
			if !(math.Abs(float64(got)-value) <= tol*max(1, math.Abs(value))) {
				t.Errorf("%s number %d is %v, by its definition %v", s.Name, i, got, value)
			}
		}
	}
}

// TestStatWithoutCandidates: where fewer candidates are kept than a statistic is made of, it
// is computed of the logits, to the same value.
func TestStatWithoutCandidates(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(3, 30, m.Sizes.Vocab)
	o := Options{Next: true, Stats: []Stat{Margin, InTop(3)}, Fast: true, Kernel: ATen}
	two := read(t, m, ids, o)
	o.Top = 1
	one := read(t, m, ids, o)
	for i, s := range one.Stats {
		same(t, s.Name, bitsOf(s.Values), bitsOf(two.Stats[i].Values))
	}
	o.Fast, o.Kernel = false, ""
	first := read(t, m, ids, o)
	same(t, "top 1 in exact mode", bitsOf(first.Stats[0].Values), bitsOf(read(t, m, ids, Options{Stats: []Stat{Margin}}).Stats[0].Values))
}

// TestBadStats: what cannot be computed is refused before anything is.
func TestBadStats(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	choice := new(ChoiceError)
	for want, o := range map[string]Options{
		"one of targets":  {Stats: []Stat{InTop(3)}},
		"asked for twice": {Stats: []Stat{Margin, Margin}},
		"small letters":   {Stats: []Stat{{Name: "a/b"}}},
	} {
		if _, err := Read(t.Context(), m, []int64{1, 2}, o); !errors.As(err, &choice) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	flat := Stat{Name: "flat", Exact: "def stat(self, x: Tensor) -> Tensor:\n    return x.sum()\n"}
	for _, fast := range []bool{false, true} {
		if _, err := Read(t.Context(), m, []int64{1, 2}, Options{Stats: []Stat{flat}, Fast: fast}); err == nil || !strings.Contains(err.Error(), "statistic flat") || !strings.Contains(err.Error(), "shape") {
			t.Errorf("fast %v: error %v", fast, err)
		}
	}
	for _, name := range []string{"nosuch", "in_top_", "in_top_0", "in_top_-1", "in_top_03", "in_top_+3", "in_top_x"} {
		if _, err := StatOf(name); !errors.As(err, &choice) || !strings.Contains(err.Error(), "margin") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if s, err := StatOf("in_top_7"); err != nil || s.Name != "in_top_7" {
		t.Errorf("%s, error %v", s.Name, err)
	}
}

// TestStatsOfNaN: statistics of logits that are no numbers, in both modes.
func TestStatsOfNaN(t *testing.T) {
	x := []float32{1, float32(math.NaN()), 3, 2}
	y := []float32{1, float32(math.Inf(1)), 3, 2}
	for i, c := range []struct {
		logits []float32
		target int64
		inTop  float32
	}{{x, 0, 0}, {x, 2, 1}, {x, 1, 0}, {y, 2, 0}, {y, 1, 1}} {
		got := exactStat(t, InTop(1), c.logits, c.target)
		if got != c.inTop {
			t.Errorf("case %d: in the top 1 is %v, want %v", i, got, c.inTop)
		}
	}
	if v := exactStat(t, Margin, x, 0); v == v {
		t.Errorf("a margin of NaN logits is %v", v)
	}
	if v := exactStat(t, Margin, y, 0); !math.IsInf(float64(v), 1) {
		t.Errorf("a margin to an infinite logit is %v", v)
	}
}

// exactStat returns a statistic of one cell's logits, and of one target.
func exactStat(t *testing.T, s Stat, logits []float32, target int64) float32 {
	t.Helper()
	var sc torch.Scope
	defer sc.Close()
	make := func(v any, shape ...int64) *torch.Tensor {
		var x *torch.Tensor
		var err error
		switch v := v.(type) {
		case []float32:
			x, err = torch.New(v, shape...)
		case []int64:
			x, err = torch.New(v, shape...)
		}
		if err != nil {
			t.Fatal(err)
		}
		return torch.Keep(&sc, x)
	}
	v, err := s.call(make(logits, 1, 1, int64(len(logits))), make([]int64{0}, 1), make([]int64{target}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	got, err := torch.Values[float32](torch.Keep(&sc, v))
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}
