package data

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/golens/golens/report/internal/madeup"
)

func TestAppendFloat(t *testing.T) {
	for _, c := range []struct {
		x    float32
		want string
	}{
		{0, "0.0"},
		{float32(math.Copysign(0, -1)), "-0.0"},
		{1, "1.0"},
		{-12345, "-12345.0"},
		{0.1, "0.1"},
		{16777216, "1.6777216e+07"},
		{1e-45, "1e-45"},
		{3.4028235e38, "3.4028235e+38"},
		{float32(math.NaN()), "NaN"},
		{float32(math.Inf(1)), "Infinity"},
		{float32(math.Inf(-1)), "-Infinity"},
		// Its shortest decimal, 7.038531e-26, becomes the float32 above it when a
		// reader parses float64 first.
		{math.Float32frombits(0x15ae43fd), "7.038530691851209e-26"},
	} {
		if got := string(appendFloat(nil, c.x)); got != c.want {
			t.Errorf("appendFloat(%v) = %s, want %s", c.x, got, c.want)
		}
	}
}

// The text of any float32 gives its bits back by both ways of reading it.
func TestFloatsReadBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	check := func(x float32) {
		t.Helper()
		s := string(appendFloat(nil, x))
		once, err := strconv.ParseFloat(s, 32)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		if x != x {
			if once == once || twice == twice {
				t.Fatalf("%s does not read back as NaN", s)
			}
			return
		}
		for _, back := range []float32{float32(once), float32(twice)} {
			if math.Float32bits(back) != math.Float32bits(x) {
				t.Fatalf("%s reads back as %#x, not %#x", s, math.Float32bits(back), math.Float32bits(x))
			}
		}
	}
	for _, x := range madeup.HardFloats {
		check(x)
	}
	for range 300_000 {
		check(math.Float32frombits(rng.Uint32()))
	}
}
