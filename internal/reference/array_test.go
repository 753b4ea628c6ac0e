package reference

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	nan := float32(math.NaN())
	otherNaN := math.Float32frombits(0x7fc00001)
	negativeZero := float32(math.Copysign(0, -1))
	want := Array{Shape: []int{2, 2}, Float32: []float32{1, nan, 0, -3}}
	for _, c := range []struct {
		name string
		got  []float32
		text string
	}{
		{"equal", []float32{1, otherNaN, 0, -3}, ""},
		{"one", []float32{1, nan, 0, -2.5}, "1 of 4 values of [2 2] differ, at most by 0.5: [1 1] got -2.5, want -3"},
		{"sign of zero", []float32{1, nan, negativeZero, -3}, "1 of 4 values of [2 2] differ, at most by 0: [1 0] got -0, want 0"},
		{"NaN for a number", []float32{nan, nan, 0, -3}, "1 of 4 values of [2 2] differ, at most by +Inf: [0 0] got NaN, want 1"},
		{"short", []float32{1}, "got 1 values, want 4 of shape [2 2]"},
	} {
		if text := compare(c.got, want); text != c.text {
			t.Errorf("%s: got %q, want %q", c.name, text, c.text)
		}
	}
	if text := compare([]int64{1, 2}, Array{Shape: []int{2}, Int64: []int64{1, 5}}); !strings.Contains(text, "by 3: [1] got 2, want 5") {
		t.Errorf("int64: %q", text)
	}
	if text := compare([]bool{true, true}, Array{Shape: []int{2}, Bool: []bool{true, false}}); !strings.Contains(text, "[1] got true, want false") {
		t.Errorf("bool: %q", text)
	}
	if text := compare([]float32{}, Arrays{}["missing"]); text == "" {
		t.Error("a missing array equals an empty one")
	}
	many := Array{Shape: []int{100}, Float32: make([]float32, 100)}
	got := slices.Repeat([]float32{2}, 100)
	if text := compare(got, many); !strings.HasPrefix(text, "100 of 100") || !strings.HasSuffix(text, "[4] got 2, want 0; ...") {
		t.Errorf("many: %q", text)
	}
}

func TestAt(t *testing.T) {
	a := Array{Shape: []int{2, 3, 2}, Int64: []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	if got := a.At(1); !slices.Equal(got.Int64, []int64{6, 7, 8, 9, 10, 11}) || !slices.Equal(got.Shape, []int{3, 2}) {
		t.Errorf("At(1) is %v", got)
	}
	if got := a.At(0, 2); !slices.Equal(got.Int64, []int64{4, 5}) {
		t.Errorf("At(0, 2) is %v", got)
	}
	if got := a.At(1, 2, 1); !slices.Equal(got.Int64, []int64{11}) || len(got.Shape) != 0 {
		t.Errorf("At(1, 2, 1) is %v", got)
	}
}

// What is written reads back; what numpy wrote otherwise is refused.
func TestNPY(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.npy")
	for _, shape := range [][]int{{}, {1}, {0}, {2, 0, 3}, {3, 5}, {1, 2, 3, 4}} {
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(i) / 3
		}
		if err := writeNPY(file, values, shape); err != nil {
			t.Fatal(err)
		}
		got, err := readNPY(file)
		if err != nil || !slices.Equal(got.Float32, values) || !slices.Equal(got.Shape, shape) {
			t.Errorf("shape %v: got %v, error %v", shape, got, err)
		}
	}
	if err := writeNPY(file, make([]float32, 5), []int{2, 3}); err == nil {
		t.Error("5 values of shape [2 3] were written")
	}
	if err := writeNPY(file, make([]float32, 6), []int{2, 3}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty":     {},
		"truncated": good[:len(good)-1],
		"longer":    append(slices.Clone(good), 0),
		"header":    good[:20],
		"dtype":     []byte(strings.Replace(string(good), "<f4", "<f8", 1)),
		"fortran":   []byte(strings.Replace(string(good), "False", "True ", 1)),
		"shape":     []byte(strings.Replace(string(good), "2,3,", "9999999999999999999,", 1)),
	} {
		if _, err := parseNPY(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
