package intervene

import (
	"fmt"
	"math/big"
	"strings"
)

// mostFactors limits a range, so that a typing error does not fill the memory.
const mostFactors = 10_000

// ParseFactors reads a number, a list "0,0.5,0.8", or a range "0:2:0.1", which includes both ends.
// Each value of a range is the float64 nearest to its decimal value: the fourth value of 0:1:0.1
// is 0.3, not three times 0.1.
func ParseFactors(text string) ([]float64, error) {
	var out []float64
	for _, part := range strings.Split(text, ",") {
		ends := strings.Split(part, ":")
		if len(ends) == 1 {
			f, err := finite(part)
			if err != nil {
				return nil, choice("factors %q: %v", text, err)
			}
			out = append(out, f)
			continue
		}
		values, err := factorRange(ends)
		if err != nil {
			return nil, choice("factors %q: %v", text, err)
		}
		out = append(out, values...)
	}
	if len(out) > mostFactors {
		return nil, choice("factors %q: there are %d, and at most %d are taken", text, len(out), mostFactors)
	}
	return out, nil
}

func factorRange(ends []string) ([]float64, error) {
	if len(ends) != 3 {
		return nil, fmt.Errorf("a range is START:STOP:STEP, such as 0:2:0.1")
	}
	var v [3]*big.Rat
	for i, e := range ends {
		if _, err := finite(e); err != nil {
			return nil, err
		}
		r, ok := new(big.Rat).SetString(e)
		if !ok || len(e) > 40 || r.Num().BitLen() > 1100 || r.Denom().BitLen() > 1100 {
			return nil, fmt.Errorf("%q is no decimal number", e)
		}
		v[i] = r
	}
	start, stop, step := v[0], v[1], v[2]
	if step.Sign() == 0 {
		return nil, fmt.Errorf("the step is 0")
	}
	n := new(big.Rat).Quo(new(big.Rat).Sub(stop, start), step)
	switch {
	case n.Sign() < 0:
		return nil, fmt.Errorf("steps of %s lead away from %s", ends[2], ends[1])
	case !n.IsInt():
		return nil, fmt.Errorf("steps of %s from %s do not meet %s", ends[2], ends[0], ends[1])
	case n.Cmp(big.NewRat(mostFactors, 1)) > 0:
		return nil, fmt.Errorf("it has more than %d values", mostFactors)
	}
	var out []float64
	for at := new(big.Rat).Set(start); len(out) <= int(n.Num().Int64()); at.Add(at, step) {
		f, _ := at.Float64()
		out = append(out, f)
	}
	return out, nil
}
