package bench

import (
	"math"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestCost: costs are what one counts by hand, product by product and pair by pair.
func TestCost(t *testing.T) {
	m, err := Shape{3, 128}.Open(model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const L, C, V = 3, 128, shapeVocab
	s := sizesOf(m)
	// A block's matrices [C,3C], [C,C], [C,4C], [4C,C], their biases, and two norms; and
	// the final norm.
	if want := float64(L*(12*C*C+(3+1+4+1)*C+4*C) + 2*C); s.B != want {
		t.Errorf("the blocks have %v numbers, and %v were counted", want, s.B)
	}
	lens := func(T int) (flops float64) {
		for at := range T { // each position sees itself and those before
			flops += 2*s.B + L*4*C*float64(at+1)
			flops += (L + 1) * 2 * V * C
		}
		return flops
	}
	for _, T := range []int{1, 2, 14, 100} {
		equal(t, "lens", s.lens(float64(T)).FLOPs, lens(T))
		equal(t, "forward", s.forward(float64(T)).FLOPs, lens(T)-float64(L*T)*2*V*C)
		equal(t, "text", s.text(5, float64(T)).FLOPs, 5*lens(T))
		for _, n := range []int{1, 2, 9} {
			// To write n tokens is to read the prompt and all of them but the last.
			g := s.generate(float64(T), float64(n))
			equal(t, "generate", g.FLOPs, lens(T+n-1))
			equal(t, "bytes of generate", g.Bytes, float64(n)*4*(s.B+V*C))
		}
		// The whole model, twice, with one row of the head each.
		equal(t, "sweep", s.sweep(float64(T), 2*L, 1).FLOPs, 2*(lens(T)-float64((L+1)*T)*2*V*C)+2*2*V*C)
	}
	equal(t, "bytes", s.forward(10).Bytes, 4*(s.B+V*C)+4*10*V)
}

// TestCostOfFamilies: of models whose parts differ, the numbers in the blocks are what is
// left without embedding, positions and head.
func TestCostOfFamilies(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m, err := model.Open(dir, model.Options{DType: "bfloat16"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	all, _ := m.Parameters()
	want := float64(all) - float64((2*m.Sizes.Vocab+m.Sizes.Context)*m.Sizes.Width)
	if s := sizesOf(m); s.B != want || s.w != 2 {
		t.Errorf("%+v, and %v numbers were counted", s, want)
	}
}

func equal(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*want) {
		t.Errorf("%s costs %v, and %v were counted", what, got, want)
	}
}
