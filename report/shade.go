package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
)

// A shade is a measure of one result, ready to be asked for its cells.
type shade struct {
	scale figure.Scale
	// at returns where row i and the j-th position lie on the scale, and the value
	// as a number for people.
	At func(i, j int) (float64, string)
}

// CheckMeasure returns an error where r lacks what the options shade by.
func CheckMeasure(r *lens.Result, o GridOptions) error {
	_, err := newShade(r, o)
	return err
}

func newShade(r *lens.Result, o GridOptions) (shade, error) {
	cols := len(r.Positions)
	missing := func(what string) (shade, error) {
		return shade{}, fmt.Errorf("report: %s has no %s to shade by", data.Describe(r), what)
	}
	switch o.By {
	case "", ByProb:
		if r.TopProbs == nil {
			return missing("probabilities")
		}
		return probShade("probability", func(i, j int) (float64, bool) {
			return float64(r.TopProbs[(i*cols+j)*r.K]), true
		}), nil
	case ByEntropy:
		if r.Entropy == nil {
			return missing("entropy")
		}
		return linearShade("entropy in nats", r.Entropy, cols), nil
	case ByKL:
		if r.KL == nil {
			return missing("KL divergence")
		}
		return linearShade("KL to the model's output in nats", r.KL, cols), nil
	case ByAgree:
		if r.Agree == nil {
			return missing("agreement")
		}
		return agreeShade(r, cols), nil
	case ByTargetProb, ByTargetRank:
		return targetShade(r, o)
	}
	if s := r.StatNamed(string(o.By)); s != nil {
		return statShade(r, s, o)
	}
	if _, err := ParseMeasure(string(o.By)); err != nil {
		return shade{}, err
	}
	return missing(string(o.By))
}

func probShade(name string, prob func(i, j int) (float64, bool)) shade {
	return shade{
		scale: figure.Scale{
			Name: name, Number: name + " in percent",
			Ticks: []figure.Tick{{At: 0, Text: "0"}, {At: 0.25, Text: "0.25"}, {At: 0.5, Text: "0.5"}, {At: 0.75, Text: "0.75"}, {At: 1, Text: "1"}},
		},
		At: func(i, j int) (float64, string) {
			p, ok := prob(i, j)
			if !ok {
				return math.NaN(), ""
			}
			return max(0, min(1, p)), percent(p)
		},
	}
}

// percent returns a probability in two characters.
func percent(p float64) string {
	if math.IsNaN(p) {
		return "--"
	}
	return fmt.Sprintf("%2d", min(99, int(math.Round(100*max(0, min(1, p))))))
}

// linearShade shades values [R,P] from 0 to a round number above the largest.
func linearShade(name string, values []float32, cols int) shade {
	ticks, top := roundTicks(finiteMax(values))
	return shade{
		scale: figure.Scale{Name: name, Number: name, Ticks: ticks},
		At: func(i, j int) (float64, string) {
			v := float64(values[i*cols+j])
			return max(0, min(1, v/top)), decimal(v)
		},
	}
}

// roundTicks returns ticks at four to six round numbers from 0 to one that is at
// least largest, and that one.
func roundTicks(largest float64) ([]figure.Tick, float64) {
	if largest <= 0 {
		largest = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(largest))-1)
	for _, f := range []float64{2, 2.5, 5, 10, 20} {
		if n := largest / (step * f); n <= 5 {
			step *= f
			break
		}
	}
	n := math.Ceil(largest/step - 1e-9)
	var ticks []figure.Tick
	for i := range int(n) + 1 {
		ticks = append(ticks, figure.Tick{At: float64(i) / n, Text: strconv.FormatFloat(float64(i)*step, 'g', 4, 64)})
	}
	return ticks, n * step
}

// decimal returns a value in four characters or a few more.
func decimal(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return fmt.Sprintf("%+f", v)
	case math.Abs(v) < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case math.Abs(v) < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func agreeShade(r *lens.Result, cols int) shade {
	return shade{
		scale: figure.Scale{Name: "agrees with the model's output", Number: "1 where it agrees with the model's output", Ticks: []figure.Tick{{At: 0, Text: "no"}, {At: 1, Text: "yes"}}},
		At: func(i, j int) (float64, string) {
			if r.Agree[i*cols+j] {
				return 1, "1"
			}
			return 0, "0"
		},
	}
}

// targetShade shades by one target: the text's own next token, or word o.Target.
func targetShade(r *lens.Result, o GridOptions) (shade, error) {
	t := r.Targets
	if t == nil || t.Prob == nil || t.Rank == nil {
		return shade{}, fmt.Errorf("report: %s has no targets to shade by; name one", data.Describe(r))
	}
	name, index, err := targetIndex(r, o)
	if err != nil {
		return shade{}, err
	}
	if o.By == ByTargetProb {
		return probShade("probability of "+name, func(i, j int) (float64, bool) {
			k := index(i, j)
			if k < 0 {
				return 0, false
			}
			return float64(t.Prob[k]), true
		}), nil
	}
	return rankShade("rank of "+name, t.Rank, index), nil
}

// targetIndex returns the name of one target, and where that of row i at position j stands,
// -1 for nowhere.
func targetIndex(r *lens.Result, o GridOptions) (name string, index func(i, j int) int, err error) {
	t := r.Targets
	name, n := "the next token", 1
	if !t.Next {
		if o.Target < 0 || o.Target >= t.N {
			return "", nil, fmt.Errorf("report: no target %d among the %d of %s", o.Target, t.N, data.Describe(r))
		}
		name, n = wordName(r, o.Target), t.N
	}
	return name, func(i, j int) int {
		q := slices.Index(t.Positions, r.Positions[j])
		if q < 0 || t.Next && t.IDs[q] < 0 {
			return -1
		}
		k := 0
		if !t.Next {
			k = o.Target
		}
		return (i*len(t.Positions)+q)*n + k
	}, nil
}

// statShade shades by a statistic that was asked for, from 0 to its largest value.
func statShade(r *lens.Result, s *lens.StatValues, o GridOptions) (shade, error) {
	name := s.Title
	if name == "" {
		name = s.Name
	}
	if s.Unit != "" {
		name += " in " + s.Unit
	}
	if !s.OfTargets {
		return linearShade(name, s.Values, len(r.Positions)), nil
	}
	of, index, err := targetIndex(r, o)
	if err != nil {
		return shade{}, err
	}
	linear := linearShade(name+", "+of, s.Values, len(r.Positions))
	_, top := roundTicks(finiteMax(s.Values))
	linear.At = func(i, j int) (float64, string) {
		k := index(i, j)
		if k < 0 {
			return math.NaN(), ""
		}
		v := float64(s.Values[k])
		return max(0, min(1, v/top)), decimal(v)
	}
	return linear, nil
}

// rankShade shades ranks by their logarithm, rank 1 at the strong end and a power
// of ten that no rank exceeds at the weak one.
func rankShade(name string, ranks []int64, index func(i, j int) int) shade {
	worst, decades := int64(10), 1
	for _, k := range ranks {
		for k > worst {
			worst *= 10
			decades++
		}
	}
	s := figure.Scale{Name: name, Number: name}
	for d := decades; d >= 0; d-- {
		// "1000" and below, then "10k", "100k", "1M", which fit beside each other.
		text := "1" + strings.Repeat("0", d%3) + []string{"", "k", "M", "G"}[min(d/3, 3)]
		if d == 3 {
			text = "1000"
		}
		s.Ticks = append(s.Ticks, figure.Tick{At: 1 - float64(d)/float64(decades), Text: text})
	}
	return shade{scale: s, At: func(i, j int) (float64, string) {
		k := index(i, j)
		if k < 0 || ranks[k] < 1 {
			return math.NaN(), ""
		}
		value := 1 - math.Log10(float64(ranks[k]))/float64(decades)
		return max(0, min(1, value)), strconv.FormatInt(ranks[k], 10)
	}}
}
