package npy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/synthetic"
)

func TestReadNPY(t *testing.T) {
	dir := t.TempDir()
	values := []float32{1, -2, 3.5, 0, 1e-40, 6}
	version2 := synthetic.NPY("<f4", "False", "6,", values)
	version2 = append(append([]byte("\x93NUMPY\x02\x00"), version2[8], version2[9], 0, 0), version2[10:]...)
	for _, c := range []struct {
		data   []byte
		values string
		shape  string
	}{
		{synthetic.NPY("<f4", "False", "6,", values), "[1 -2 3.5 0 1e-40 6]", "[6]"},
		{synthetic.NPY("<f4", "False", "2, 3", values), "[1 -2 3.5 0 1e-40 6]", "[2 3]"},
		{synthetic.NPY("<f4", "False", "1, 2, 3", values), "[1 -2 3.5 0 1e-40 6]", "[1 2 3]"},
		{synthetic.NPY("<f4", "True", "6,", values), "[1 -2 3.5 0 1e-40 6]", "[6]"}, // of one axis both orders are one
		{synthetic.NPY("<f4", "False", "", values[:1]), "[1]", "[]"},
		{synthetic.NPY("<f8", "False", "2,", []float64{0.1, 1e-300}), "[0.1 0]", "[2]"},
		{synthetic.NPY("<f4", "True", "2, 3", values), "[1 3.5 1e-40 -2 0 6]", "[2 3]"},
		{synthetic.NPY("<i8", "False", "3,", []int64{-3, 1 << 40, 0}), "[-3 1.0995116e+12 0]", "[3]"},
		{synthetic.NPY("|u1", "False", "2,", []byte{255, 0}), "[255 0]", "[2]"},
		{synthetic.NPY("<f2", "False", "5,", []uint16{0x3c00, 0x0001, 0x8000, 0xfbff, 0x3555}), "[1 5.9604645e-08 -0 -65504 0.33325195]", "[5]"},
		{version2, "[1 -2 3.5 0 1e-40 6]", "[6]"},
	} {
		got, shape, err := ReadFile(put(t, dir, "a.npy", c.data))
		if err != nil {
			t.Errorf("%s of %s: %v", c.values, c.shape, err)
			continue
		}
		if fmt.Sprint(got) != c.values || fmt.Sprint(shape) != c.shape {
			t.Errorf("got %v of %v, want %s of %s", got, shape, c.values, c.shape)
		}
	}
}

// TestReadNumPy reads what numpy.save itself writes.
func TestReadNumPy(t *testing.T) {
	dir := t.TempDir()
	script := put(t, dir, "save.py", []byte(`
import sys, numpy as np
np.save(sys.argv[1] + "/a.npy", np.arange(12, dtype=np.float32).reshape(3, 4) / 7)
np.save(sys.argv[1] + "/b.npy", np.arange(3.0))
rng = np.random.default_rng(0)
halves = np.arange(65536, dtype=np.uint16).view(np.float16)
kinds = [halves[np.isfinite(halves)]] + [(rng.standard_normal((2, 3, 4)) * 50).astype(k) for k in
    ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "i1", "<i2", ">i4", "<i8")] + [np.arange(24).reshape(4, 6).astype(">u2"), np.asfortranarray(rng.standard_normal((3, 4, 5)).astype(np.float32))]
for i, x in enumerate(kinds):
    np.save(sys.argv[1] + f"/type{i}.npy", x)
    np.save(sys.argv[1] + f"/want{i}.npy", np.ascontiguousarray(x).astype("<f4"))
for name, x in dict(bool=np.ones(2, bool), complex=np.ones(2, np.complex64), void=np.zeros(2, "V2"), text=np.array(["a"]), large=np.array([2**24 + 1]), ularge=np.array([2**64 - 1], np.uint64), half_nan=np.array([np.nan], np.float16)).items():
    np.save(sys.argv[1] + f"/{name}.npy", x)
`))
	reference.Script(t, nil, nil, script, dir)
	// Every type, order and shape that numpy writes, against numpy's own float32 of it.
	for i := range 13 {
		want, shape, err := ReadFile(fmt.Sprintf("%s/want%d.npy", dir, i))
		if err != nil {
			t.Fatal(err)
		}
		got, its, err := ReadFile(fmt.Sprintf("%s/type%d.npy", dir, i))
		if err != nil || !slices.Equal(got, want) || !slices.Equal(its, shape) {
			t.Errorf("type %d: %v of %v (%v), want %v of %v", i, got, its, err, want, shape)
		}
	}
	for name, says := range map[string]string{"bool": "truth values", "complex": "complex", "void": "bfloat16", "text": "are understood", "large": "16777217", "ularge": "18446744073709551615", "half_nan": "NaN"} {
		if _, _, err := ReadFile(dir + "/" + name + ".npy"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	got, shape, err := ReadFile(dir + "/a.npy")
	if err != nil || fmt.Sprint(shape) != "[3 4]" || got[11] != float32(11)/7 {
		t.Errorf("%v of %v: %v", got, shape, err)
	}
	got, shape, err = ReadFile(dir + "/b.npy")
	if err != nil || fmt.Sprint(got, shape) != "[0 1 2] [3]" {
		t.Errorf("%v of %v: %v", got, shape, err)
	}
}

// FuzzNPY: no file makes the reader panic or take memory that the file has not.
func FuzzNPY(f *testing.F) {
	f.Add(synthetic.NPY("<f4", "False", "2, 3", make([]float32, 6)))
	f.Add(synthetic.NPY("<f8", "True", "2,", make([]float64, 2)))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr': '<f4'"))
	f.Fuzz(func(t *testing.T, data []byte) {
		values, shape, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		if n != int64(len(values)) || len(values) > len(data) {
			t.Errorf("%d values of the shape %v from %d bytes", len(values), shape, len(data))
		}
	})
}

// put writes a file and returns its path.
func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
