package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/golens/golens/internal/reference"
)

func TestReadNPY(t *testing.T) {
	dir := t.TempDir()
	values := []float32{1, -2, 3.5, 0, 1e-40, 6}
	version2 := npy("<f4", "False", "6,", values)
	version2 = append(append([]byte("\x93NUMPY\x02\x00"), version2[8], version2[9], 0, 0), version2[10:]...)
	for _, c := range []struct {
		data   []byte
		values string
		shape  string
	}{
		{npy("<f4", "False", "6,", values), "[1 -2 3.5 0 1e-40 6]", "[6]"},
		{npy("<f4", "False", "2, 3", values), "[1 -2 3.5 0 1e-40 6]", "[2 3]"},
		{npy("<f4", "False", "1, 2, 3", values), "[1 -2 3.5 0 1e-40 6]", "[1 2 3]"},
		{npy("<f4", "True", "6,", values), "[1 -2 3.5 0 1e-40 6]", "[6]"}, // of one axis both orders are one
		{npy("<f4", "False", "", values[:1]), "[1]", "[]"},
		{npy("<f8", "False", "2,", []float64{0.1, 1e-300}), "[0.1 0]", "[2]"},
		{version2, "[1 -2 3.5 0 1e-40 6]", "[6]"},
	} {
		got, shape, err := readNPY(put(t, dir, "a.npy", c.data))
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
`))
	reference.Script(t, nil, nil, script, dir)
	got, shape, err := readNPY(dir + "/a.npy")
	if err != nil || fmt.Sprint(shape) != "[3 4]" || got[11] != float32(11)/7 {
		t.Errorf("%v of %v: %v", got, shape, err)
	}
	got, shape, err = readNPY(dir + "/b.npy")
	if err != nil || fmt.Sprint(got, shape) != "[0 1 2] [3]" {
		t.Errorf("%v of %v: %v", got, shape, err)
	}
}

// FuzzNPY: no file makes the reader panic or take memory that the file has not.
func FuzzNPY(f *testing.F) {
	f.Add(npy("<f4", "False", "2, 3", make([]float32, 6)))
	f.Add(npy("<f8", "True", "2,", make([]float64, 2)))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr': '<f4'"))
	f.Fuzz(func(t *testing.T, data []byte) {
		values, shape, err := parseNPY(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		if n != int64(len(values)) || 4*len(values) > len(data) {
			t.Errorf("%d values of the shape %v from %d bytes", len(values), shape, len(data))
		}
	})
}
