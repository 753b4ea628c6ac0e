package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// TestPasses: what a NaN passes is found, and nothing else.
func TestPasses(t *testing.T) {
	for _, c := range []struct {
		code  string
		found string // the comparisons, "" for none
	}{
		{`if d > 1e-4 { t.Errorf("x") }`, "d > 1e-4"},
		{`if d > lo && k == 3 { t.Fatal("x") }`, "d > lo"},
		{`if err != nil || d >= lo { t.Error(d) }`, "d >= lo"},
		{`if d < lo || d > hi { t.Errorf("x") }`, "d < lo, d > hi"},
		{`if f > float32(lo) { panic("x") }`, "f > float32(lo)"},
		{`if abs(a-b) > 1 || ok { t.Errorf("x") }`, "abs(a - b) > 1"},
		{`if (d > 1) { for { t.FailNow() } }`, "d > 1"},
		{`switch { case d > hi: t.Errorf("x"); case ok: }`, "d > hi"},
		{`if d > hi { hi = d }`, "d > hi"},
		{`if lo < d { k, lo = 3, d }`, "lo < d"},
		{`if d > 1 || a != a { t.Errorf("x") }`, "d > 1"}, // another number
		{`if d > 1 || dd != dd { t.Errorf("x") }`, "d > 1"},

		{`if !(d <= 1e-4) { t.Errorf("x") }`, ""},
		{`if !(d >= lo && d <= hi) { t.Errorf("x") }`, ""},
		{`if d != d || d > 1 { t.Errorf("x") }`, ""},
		{`if isNaN(d) || d > 1 { t.Errorf("x") }`, ""},
		{`if isNaN(a-b) || abs(a-b) > 1 { t.Errorf("x") }`, ""},
		{`if a != a || b != b || abs(a-b) > 1 { t.Errorf("x") }`, ""},
		{`if k == 3 && (d != d || d > 1) { t.Errorf("x") }`, ""},
		{`if k > 3 { t.Errorf("x") }`, ""}, // no float
		{`if 1.5 > half { t.Errorf("x") }`, ""},
		{`if d > 1 { k++ }`, ""},
		{`if d > 1 { if ok { t.Errorf("x") } }`, ""}, // the inner condition says what fails
		{`if d > 1 { go func() { t.Errorf("x") }() }`, ""},
		{`if d <= 1 { return }; t.Errorf("x")`, ""},
		{`if d > 1 { hi = a }`, ""},
		{`hi = max(hi, d)`, ""}, // keeps NaN
	} {
		text := `package p
type T struct{}
func (T) Errorf(string, ...any) {}
func (T) Error(...any) {}
func (T) Fatal(...any) {}
func (T) FailNow() {}
const half = 0.5
func abs(x float64) float64 { return max(x, -x) }
func isNaN(x float64) bool { return x != x }
func f(t T, a, b, d, dd, lo, hi float64, f float32, k int, ok bool, err error) {
	` + c.code + `
}`
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "a_test.go", text, 0)
		if err != nil {
			t.Fatalf("%s: %v", c.code, err)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		if _, err := new(types.Config).Check("p", fset, []*ast.File{file}, info); err != nil {
			t.Fatalf("%s: %v", c.code, err)
		}
		var found []string
		for _, line := range passes(fset, file, info) {
			_, what, _ := strings.Cut(line, ": NaN passes ")
			found = append(found, what)
		}
		if got := strings.Join(found, ", "); got != c.found {
			t.Errorf("%s: found %q, want %q", c.code, got, c.found)
		}
	}
}
