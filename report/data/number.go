package data

import (
	"math"
	"strconv"
)

// appendFloat appends x in decimal, as short as it can be such that it reads
// back to the same float32, whether the reader parses to float32 at once or, as
// Python and JavaScript do, to float64 first. Whole numbers keep a ".0", so that
// Python does not take them for integers (and -0 for 0). NaN, Infinity and
// -Infinity are spelt as those languages read them from a string.
func appendFloat(dst []byte, x float32) []byte {
	wide := float64(x)
	if math.IsNaN(wide) || math.IsInf(wide, 0) {
		return appendNoNumber(dst, wide)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, wide, 'g', -1, 32)
	// The shortest decimal of a float32 may be rounded twice on its way through
	// float64 and end up one step off (7.038531e-26 does). float64's own cannot.
	if twice, err := strconv.ParseFloat(string(dst[start:]), 64); err != nil || float32(twice) != x {
		dst = strconv.AppendFloat(dst[:start], wide, 'g', -1, 64)
	}
	return withPoint(dst, start)
}

// appendFloat64 is appendFloat for a float64, which reads back to the same.
func appendFloat64(dst []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return appendNoNumber(dst, x)
	}
	return withPoint(strconv.AppendFloat(dst, x, 'g', -1, 64), len(dst))
}

// appendNoNumber appends the name of NaN or an infinity.
func appendNoNumber(dst []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(dst, "NaN"...)
	case x > 0:
		return append(dst, "Infinity"...)
	}
	return append(dst, "-Infinity"...)
}

// withPoint returns dst with ".0" behind a number from start on that looks whole.
func withPoint(dst []byte, start int) []byte {
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// IsFinite says whether x is a number that JSON can hold as a number.
func IsFinite(x float32) bool {
	return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0)
}
