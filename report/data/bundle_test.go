package data

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
)

func bundle() *Bundle {
	nan := float32(math.NaN())
	return NewBundle("golens-test-1", "odd", []string{"a\xff", "</script>"}, map[string]string{"model": "m"}, []string{"careful"},
		newArray("matrix", []float32{1, 2.5, nan, -0.1, 1e-30, float32(math.Inf(1))}, 2, 3),
		newArray("ids", []int64{-1, 0, 1 << 40}, 3),
		newArray("single", []float32{0.1}),
		newArray("none", []int64{}, 0),
		newArray("flags", []bool{true, false}, 2),
	)
}

func TestBundleNPZ(t *testing.T) {
	var b bytes.Buffer
	if err := bundle().Write(&b, NPZ, Options{}); err != nil {
		t.Fatal(err)
	}
	in, err := npz.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range bundle().Arrays {
		h := in.Header(a.Name + ".npy")
		if h == nil || !slices.Equal(h.Descr.Shape, a.Dims) {
			t.Errorf("%s: header %v, want shape %v", a.Name, h, a.Dims)
		}
	}
	sameArray(t, in, "matrix", bundle().Arrays[0].Values.([]float32))
	sameArray(t, in, "ids", bundle().Arrays[1].Values.([]int64))
	sameArray(t, in, "flags", bundle().Arrays[4].Values.([]bool))
}

func TestBundleJSON(t *testing.T) {
	var b bytes.Buffer
	if err := bundle().Write(&b, JSON, Options{}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Format, Name string
		Prompts      []string
		Manifest     map[string]string
		Matrix       [][]any
		IDs          []int64
		Single       float32
		None         []int64
		Flags        []bool
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err, b.String())
	}
	if got.Matrix[0][2] != "NaN" || got.Matrix[1][2] != "Infinity" || got.Single != 0.1 || got.IDs[2] != 1<<40 ||
		!got.Flags[0] || got.Prompts[0] != "a\ufffd" || got.Manifest["model"] != "m" || len(got.None) != 0 {
		t.Errorf("%+v", got)
	}
	if strings.Contains(b.String(), "</script>") {
		t.Error("the JSON could not stand in a page")
	}
}

func TestBundleRefuses(t *testing.T) {
	short := bundle()
	short.Arrays[0].Dims = []int{2, 2}
	twice := bundle()
	twice.Arrays[1].Name = "matrix"
	for want, b := range map[string]*Bundle{"its shape [2 2] needs 4": short, "two arrays matrix": twice} {
		for _, f := range Formats {
			var w bytes.Buffer
			if err := b.Write(&w, f, Options{}); err == nil || !strings.Contains(err.Error(), want) || w.Len() > 0 {
				t.Errorf("%v with %d bytes written, want %q", err, w.Len(), want)
			}
		}
	}
}

// A bundle without a table is no CSV, and nothing is written.
func TestBundleWithoutTable(t *testing.T) {
	var b bytes.Buffer
	if err := bundle().Write(&b, CSV, Options{}); err == nil || b.Len() > 0 {
		t.Errorf("%v, and %q is written", err, b.String())
	}
}

// A large array is in JSON on request only, and in NPZ always.
func TestLargeArrays(t *testing.T) {
	large := bundle()
	large.Arrays[0].Large = true
	for _, c := range []struct {
		f    Format
		o    Options
		want bool
	}{{JSON, Options{}, false}, {JSON, Options{Large: []string{"matrix"}}, true}, {NPZ, Options{}, true}} {
		var b bytes.Buffer
		if err := large.Write(&b, c.f, c.o); err != nil || strings.Contains(b.String(), "matrix") != c.want {
			t.Errorf("%s with %v: %v, and the array is there: %v", c.f.Name, c.o.Large, err, !c.want)
		}
	}
}
