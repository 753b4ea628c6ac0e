package colormap

import (
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"
)

// Every map has matplotlib's colours, as scripts/colour_maps.py wrote them down,
// to within one step of 8 bits.
func TestColourMapsAreMatplotlibs(t *testing.T) {
	table, err := os.ReadFile("testdata/colourmaps.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	apart := 0
	for line := range strings.Lines(string(table)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		want, err := hex.DecodeString(digits)
		if err != nil || len(want) != 3*64 {
			t.Fatalf("%s: %d bytes, %v", name, len(want), err)
		}
		seen[name] = true
		for i := range 64 {
			c, err := At(name, float64(i)/63)
			if err != nil {
				t.Fatal(err)
			}
			for k, got := range []uint8{c.R, c.G, c.B} {
				d := int(got) - int(want[3*i+k])
				if d < -1 || d > 1 {
					t.Errorf("%s at %d/63: channel %d is %d, matplotlib's %d", name, i, k, got, want[3*i+k])
				}
				if d != 0 {
					apart++
				}
			}
		}
	}
	t.Logf("%d of %d channels are a step apart", apart, len(seen)*3*64)
	for _, name := range append(Names(), "RdYlBu_r") {
		if !seen[name] {
			t.Errorf("%s was not compared", name)
		}
	}
}

func TestColourAtItsEnds(t *testing.T) {
	for _, name := range Names() {
		turned := name + "_r"
		for _, v := range []float64{-1, 0, 0.25, 1, 7} {
			a, err := At(name, v)
			if err != nil {
				t.Fatal(err)
			}
			// 256 steps turn onto themselves, so v and its mirror image are the same one.
			mirror := 1 - math.Max(0, math.Min(1, v)) - 1e-9
			if b, err := At(turned, mirror); err != nil || a != b {
				t.Errorf("%s at %v is %v, %s at %v is %v, %v", name, v, a, turned, mirror, b, err)
			}
		}
	}
	for _, name := range []string{"", "jet", "reds", "_r", "Reds_r_r", "Paired"} {
		if _, err := At(name, 0); err == nil || !strings.Contains(err.Error(), "no colour map") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
