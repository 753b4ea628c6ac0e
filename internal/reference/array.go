package reference

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// An Array is one row-major array of the reference; the slice of its type is set.
type Array struct {
	Shape   []int
	Float32 []float32
	Int64   []int64
	Bool    []bool
}

// Arrays are the arrays of one answer by name. A missing name gives the zero
// Array, which equals nothing.
type Arrays map[string]Array

// At returns the part of a with the given leading indices: At(3) of [R,T,V] is
// row 3, [T,V]. It shares a's memory and panics where an index is out of range.
func (a Array) At(index ...int) Array {
	offset, size := 0, a.Len()
	for axis, i := range index {
		if i < 0 || i >= a.Shape[axis] {
			panic(fmt.Sprintf("reference: index %v of shape %v", index, a.Shape))
		}
		size /= a.Shape[axis]
		offset += i * size
	}
	part := Array{Shape: a.Shape[len(index):]}
	switch {
	case a.Float32 != nil:
		part.Float32 = a.Float32[offset : offset+size]
	case a.Int64 != nil:
		part.Int64 = a.Int64[offset : offset+size]
	case a.Bool != nil:
		part.Bool = a.Bool[offset : offset+size]
	}
	return part
}

// Len returns the number of values.
func (a Array) Len() int { return len(a.Float32) + len(a.Int64) + len(a.Bool) }

// Equal fails the test unless got has the very bits of want; NaN equals NaN, 0
// differs from -0. The message has the number of differing values, the first of
// them with their indices, and the largest difference. It returns whether they
// are equal.
func Equal[T float32 | int64 | bool](t testing.TB, name string, got []T, want Array) bool {
	t.Helper()
	if text := compare(got, want); text != "" {
		t.Errorf("%s: %s", name, text)
		return false
	}
	return true
}

// EqualArrays is Equal of two answers of the reference, shapes included.
func EqualArrays(t testing.TB, name string, got, want Array) bool {
	t.Helper()
	if fmt.Sprint(got.Shape) != fmt.Sprint(want.Shape) {
		t.Errorf("%s: got shape %v, want %v", name, got.Shape, want.Shape)
		return false
	}
	switch {
	case got.Int64 != nil:
		return Equal(t, name, got.Int64, want)
	case got.Bool != nil:
		return Equal(t, name, got.Bool, want)
	}
	return Equal(t, name, got.Float32, want)
}

// compare describes how got differs from want, or returns "".
func compare[T float32 | int64 | bool](got []T, want Array) string {
	var values []T
	switch v := any(&values).(type) {
	case *[]float32:
		*v = want.Float32
	case *[]int64:
		*v = want.Int64
	case *[]bool:
		*v = want.Bool
	}
	if values == nil {
		return fmt.Sprintf("the reference has no such array of %T", values)
	}
	if len(got) != len(values) {
		return fmt.Sprintf("got %d values, want %d of shape %v", len(got), len(values), want.Shape)
	}
	const shown = 5
	var first []string
	count, largest := 0, 0.0
	for i := range got {
		if same(got[i], values[i]) {
			continue
		}
		count++
		largest = max(largest, distance(got[i], values[i]))
		if count <= shown {
			first = append(first, fmt.Sprintf("%v got %v, want %v", indices(i, want.Shape), got[i], values[i]))
		}
	}
	if count == 0 {
		return ""
	}
	if count > shown {
		first = append(first, "...")
	}
	return fmt.Sprintf("%d of %d values of %v differ, at most by %g: %s",
		count, len(got), want.Shape, largest, strings.Join(first, "; "))
}

func same[T float32 | int64 | bool](a, b T) bool {
	x, ok := any(a).(float32)
	if !ok {
		return a == b
	}
	y := any(b).(float32)
	return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
}

// distance returns |a-b|; infinity where only one is NaN, 1 between bools.
func distance[T float32 | int64 | bool](a, b T) float64 {
	switch x := any(a).(type) {
	case float32:
		d := math.Abs(float64(x) - float64(any(b).(float32)))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		return d
	case int64:
		return math.Abs(float64(x) - float64(any(b).(int64)))
	}
	return 1
}

// indices returns the position of value i in an array of a shape.
func indices(i int, shape []int) []int {
	at := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at[axis] = i % shape[axis]
		i /= shape[axis]
	}
	return at
}
