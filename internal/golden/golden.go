// Package golden compares what a test produced with files in its testdata folder.
// With the flag -update the tests rewrite these files instead.
package golden

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// Update reports whether golden files are rewritten.
var Update = flag.Bool("update", false, "rewrite the golden files, and what docs/ has from tables of the code")

// Text compares got with testdata/name byte for byte.
func Text(t *testing.T, name string, got []byte) {
	t.Helper()
	if want := file(t, name, got); !bytes.Equal(got, want) {
		t.Errorf("testdata/%s changed; look at it and run this test with -update\ngot:\n%s", name, got)
	}
}

// Image compares a PNG with testdata/name. Each colour of each dot may differ by 8 of
// 255, since processors round differently.
func Image(t *testing.T, name string, got []byte) {
	t.Helper()
	want := file(t, name, got)
	if far := farthest(t, got, want); far > 8 {
		failed := filepath.Join(t.ArtifactDir(), filepath.Base(name))
		if err := os.WriteFile(failed, got, 0o666); err != nil {
			t.Fatal(err)
		}
		t.Errorf("testdata/%s changed by up to %d of 255; look at %s (kept with -artifacts) and run this test with -update", name, far, failed)
	}
}

// file returns testdata/name, after an update with what was got.
func file(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *Update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run this test with -update", err)
	}
	return want
}

// farthest returns the largest difference of two PNGs in any colour of any dot, of
// 255, and 255 where their sizes differ.
func farthest(t *testing.T, a, b []byte) int {
	t.Helper()
	var images [2]image.Image
	for i, data := range [][]byte{a, b} {
		var err error
		if images[i], err = png.Decode(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	if images[0].Bounds() != images[1].Bounds() {
		return 255
	}
	far := 0
	for y := range images[0].Bounds().Dy() {
		for x := range images[0].Bounds().Dx() {
			p := color.NRGBAModel.Convert(images[0].At(x, y)).(color.NRGBA)
			q := color.NRGBAModel.Convert(images[1].At(x, y)).(color.NRGBA)
			for _, d := range []int{int(p.R) - int(q.R), int(p.G) - int(q.G), int(p.B) - int(q.B), int(p.A) - int(q.A)} {
				far = max(far, d, -d)
			}
		}
	}
	return far
}
