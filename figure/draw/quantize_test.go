package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"
)

// shaded returns an image of a flat ground with n further colours on it.
func shaded(n int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 200, 200))
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	for i := range n {
		c := color.RGBA{uint8(rng.IntN(256)), uint8(rng.IntN(256)), uint8(i), 255}
		m.SetRGBA(i%200, i/200, c)
	}
	return m
}

func TestFewColoursExactly(t *testing.T) {
	m := shaded(255)
	p := exactly(m)
	if p == nil || len(p.Palette) != 256 {
		t.Fatal("256 colours have no palette")
	}
	for i := range p.Pix {
		x, y := i%200, i/200
		if p.At(x, y) != color.Color(m.RGBAAt(x, y)) {
			t.Fatalf("(%d,%d) is %v, was %v", x, y, p.At(x, y), m.RGBAAt(x, y))
		}
	}
	if exactly(shaded(256)) != nil {
		t.Error("257 colours have a palette")
	}
}

func TestFewColoursNearly(t *testing.T) {
	m := shaded(20_000)
	p := fewColours(m)
	if len(p.Palette) > 256 || len(p.Palette) < 200 {
		t.Fatalf("%d colours", len(p.Palette))
	}
	sum := 0
	for i := range p.Pix {
		x, y := i%200, i/200
		got, want := p.Palette[p.Pix[i]].(color.RGBA), m.RGBAAt(x, y)
		if want == (color.RGBA{255, 255, 255, 255}) && got != want {
			t.Fatalf("the ground is %v", got)
		}
		a, b := channels(got), channels(want)
		for k := range a {
			sum += max(a[k]-b[k], b[k]-a[k])
		}
	}
	if mean := float64(sum) / (20_000 * 3); !(mean <= 24) {
		t.Errorf("random colours are %.1f levels off in the mean", mean)
	}
	again := fewColours(m)
	if !slices.Equal(p.Pix, again.Pix) || !slices.Equal(p.Palette, again.Palette) {
		t.Error("the same image has another palette")
	}
}

func TestEncodePNG(t *testing.T) {
	m := shaded(20_000)
	whole, err := encodePNG(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	back, err := png.Decode(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 * 200 {
		if c := color.RGBAModel.Convert(back.At(i%200, i/200)); c != color.Color(m.RGBAAt(i%200, i/200)) {
			t.Fatalf("dot %d is %v", i, c)
		}
	}
	if b, err := encodePNG(m, len(whole)); err != nil || !bytes.Equal(b, whole) {
		t.Errorf("another PNG within the limit (%v)", err)
	}
	few, err := encodePNG(m, len(whole)-1)
	if err != nil || len(few) >= len(whole)*2/3 {
		t.Errorf("%d bytes of %d beyond the limit (%v)", len(few), len(whole), err)
	}
}
