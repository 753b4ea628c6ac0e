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
	return &Bundle{
		Format: "golens-test-1", Name: "odd", Prompts: []string{"a\xff", "</script>"},
		Manifest: map[string]string{"model": "m"}, Warnings: []string{"careful"},
		Arrays: []NamedArray{
			{"matrix", []int{2, 3}, []float32{1, 2.5, nan, -0.1, 1e-30, float32(math.Inf(1))}},
			{"ids", []int{3}, []int64{-1, 0, 1 << 40}},
			{"single", nil, []float32{0.1}},
			{"none", []int{0}, []int64{}},
			{"flags", []int{2}, []bool{true, false}},
		},
	}
}

func TestBundleNPZ(t *testing.T) {
	var b bytes.Buffer
	if err := bundle().NPZ(&b); err != nil {
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
	if err := bundle().JSON(&b); err != nil {
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
		for _, write := range []func(*bytes.Buffer) error{
			func(w *bytes.Buffer) error { return b.NPZ(w) },
			func(w *bytes.Buffer) error { return b.JSON(w) },
		} {
			var w bytes.Buffer
			if err := write(&w); err == nil || !strings.Contains(err.Error(), want) || w.Len() > 0 {
				t.Errorf("%v with %d bytes written, want %q", err, w.Len(), want)
			}
		}
	}
}
