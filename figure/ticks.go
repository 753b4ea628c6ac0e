package figure

import (
	"math"
	"strconv"
	"strings"
)

// A scale maps values of an axis onto a length.
type axisScale struct {
	min, max float64
	inverted bool
	ticks    []PlaceTick
}

// newScale returns the scale of an axis that shows the given values, with ticks
// at no more than most round numbers where the axis does not name its own.
func newScale(a Axis, values []float64, most int) axisScale {
	s := axisScale{min: a.Min, max: a.Max, inverted: a.Inverted, ticks: a.Ticks}
	if a.Min == 0 && a.Max == 0 {
		s.min, s.max = reach(values)
	}
	if s.min == s.max {
		wide := math.Max(math.Abs(s.min)*0.05, 0.05)
		s.min, s.max = s.min-wide, s.max+wide
	}
	if s.ticks == nil {
		s.ticks = RoundTicks(s.min, s.max, most)
	}
	return s
}

// reach returns the smallest and the largest finite value with a twentieth of
// their distance added at both ends; 0 and 1 where there is none.
func reach(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if isNumber(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if low > high {
		return 0, 1
	}
	// Halves, since the distance itself may be beyond all numbers.
	more := (high/2 - low/2) / 10
	return low - more, high + more
}

// at returns where v lies between the start and the end of the axis, 0 to 1.
func (s axisScale) at(v float64) float64 {
	f := (v/2 - s.min/2) / (s.max/2 - s.min/2)
	if s.inverted {
		return 1 - f
	}
	return f
}

// seen returns the ticks that lie on the axis.
func (s axisScale) seen() []PlaceTick {
	var out []PlaceTick
	for _, t := range s.ticks {
		if f := s.at(t.At); f >= -1e-9 && f <= 1+1e-9 {
			out = append(out, t)
		}
	}
	return out
}

// RoundTicks returns at most most ticks, of two or more, at multiples of a power of ten times 1,
// 2, 2.5 or 5 between two values.
func RoundTicks(low, high float64, most int) []PlaceTick {
	most = max(most, 2)
	unit := math.Pow(10, math.Floor(math.Log10((high-low)/float64(most))))
	step, decimals := 0.0, 0
	for _, f := range []float64{1, 2, 2.5, 5, 10, 20} {
		step = unit * f
		if math.Floor(high/step+1e-9)-math.Ceil(low/step-1e-9)+1 <= float64(most) {
			decimals = max(0, -int(math.Floor(math.Log10(step)+1e-9)))
			if f == 2.5 {
				decimals = max(0, 1-int(math.Floor(math.Log10(unit)+1e-9)))
			}
			break
		}
	}
	var ticks []PlaceTick
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	for n := first; n <= last && len(ticks) <= most; n++ {
		v := n * step
		ticks = append(ticks, PlaceTick{v, numeral(v, step, decimals)})
	}
	return ticks
}

// numeral returns v with that many decimals, and with a real minus sign; very
// large and very small numbers with an exponent.
func numeral(v, step float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if math.Abs(v) >= 1e7 || decimals > 5 {
		s = strconv.FormatFloat(v, 'e', -1, 64)
		if digits := math.Log10(math.Abs(v) / step); v != 0 && digits < 15 {
			s = strconv.FormatFloat(v, 'e', max(0, int(math.Floor(digits+1e-9))), 64)
		}
		if v == 0 {
			s = "0"
		}
	}
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.ReplaceAll(s, "-", "−")
}
