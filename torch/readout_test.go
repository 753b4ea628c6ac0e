package torch

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golens/golens/internal/untested"
)

func randomTensor(t *testing.T, seed uint64, shape ...int64) *Tensor {
	t.Helper()
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	x, err := New(v, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// Readout's arguments are checked before C sees them.
func TestReadoutRefuses(t *testing.T) {
	h, w, bias := randomTensor(t, 1, 1, 3, 8), randomTensor(t, 2, 20, 8), randomTensor(t, 3, 20)
	good := ReadoutOptions{Top: 3, Order: 8}
	for _, c := range []struct {
		name   string
		states []*Tensor
		head   *Tensor
		bias   *Tensor
		o      ReadoutOptions
		want   string
	}{
		{"no states", nil, w, nil, good, "final one of 0"},
		{"final", []*Tensor{h}, w, nil, ReadoutOptions{Top: 3, Order: 8, Final: 1}, "number 1"},
		{"top", []*Tensor{h}, w, nil, ReadoutOptions{Top: 21, Order: 8}, "21 candidates of 20"},
		{"no top", []*Tensor{h}, w, nil, ReadoutOptions{Order: 8}, "0 candidates"},
		{"width", []*Tensor{randomTensor(t, 1, 1, 3, 7)}, w, nil, good, "[1 3 7]"},
		{"lengths", []*Tensor{h, randomTensor(t, 1, 1, 2, 8)}, w, nil, good, "[1 2 8]"},
		{"target", []*Tensor{h}, w, nil, ReadoutOptions{Top: 3, Order: 8, Count: 1, Targets: []int64{0, 20, 1}}, "target 20"},
		{"targets", []*Tensor{h}, w, nil, ReadoutOptions{Top: 3, Order: 8, Count: 1, Targets: []int64{0}}, "1 targets for 3"},
		{"order", []*Tensor{h}, w, nil, ReadoutOptions{Top: 3}, "chains"},
		{"bias", []*Tensor{h}, w, randomTensor(t, 3, 19), good, "19 elements"},
		{"flat head", []*Tensor{h}, bias, nil, good, "two dimensions"},
	} {
		_, err := Readout(c.states, c.head, c.bias, c.o)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	half, err := w.To(BFloat16, w.Device())
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := Readout([]*Tensor{h}, half, nil, good); err == nil || !strings.Contains(err.Error(), "BFloat16") {
		t.Errorf("a head in bfloat16: %v", err)
	}
}

// A readout on libtorch's threads is one on a single thread, and its logits are Linear's.
func TestReadoutThreads(t *testing.T) {
	defer SetThreads(Threads())
	a, b, w := randomTensor(t, 1, 1, 9, 96), randomTensor(t, 2, 1, 9, 96), randomTensor(t, 3, 5000, 96)
	var first *Reading
	for _, n := range []int{1, 2, 3} {
		if err := SetThreads(n); err != nil {
			t.Fatal(err)
		}
		r, err := Readout([]*Tensor{a, b}, w, nil, ReadoutOptions{Top: 5, Final: 1, Order: 96})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
			continue
		}
		for i, v := range first.KL {
			if math.Float64bits(v) != math.Float64bits(r.KL[i]) || first.LogSumExp[i] != r.LogSumExp[i] || first.TopIDs[i] != r.TopIDs[i] {
				t.Fatalf("%d threads: cell %d differs", n, i)
			}
		}
	}
	y, err := Linear(b, w, nil, 96)
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	logits, err := Values[float32](y)
	if err != nil {
		t.Fatal(err)
	}
	for p := range 9 {
		for k := range 5 {
			cell := ((9+p)*5 + k)
			if id := first.TopIDs[cell]; logits[p*5000+int(id)] != first.TopLogits[cell] {
				t.Fatalf("position %d: candidate %d has another logit than in the product", p, k)
			}
		}
	}
	x, err := b.Select(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ids := []int64{0, 4999, 17, 18, 19, 20, 21, 22, 23}
	dots, err := Dots(x, w, nil, ids, 96)
	if err != nil {
		t.Fatal(err)
	}
	for p, id := range ids {
		if dots[p] != logits[p*5000+int(id)] {
			t.Errorf("word %d alone has another logit than in the product", id)
		}
	}
}

// With two threads a product's work is shared: a good part of the time that it takes is
// not the calling thread's.
func TestKernelsShareWork(t *testing.T) {
	if runtime.NumCPU() < 2 {
		untested.Here(t, "there is one processor")
	}
	defer SetThreads(Threads())
	if err := SetThreads(2); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	x, w := randomTensor(t, 1, 256, 768), randomTensor(t, 2, 20000, 768)
	used := func(who int) time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano())
	}
	const thisThread = 1 // RUSAGE_THREAD of Linux
	all, own := used(syscall.RUSAGE_SELF), used(thisThread)
	for range 5 {
		y, err := Linear(x, w, nil, 192)
		if err != nil {
			t.Fatal(err)
		}
		y.Close()
	}
	all, own = used(syscall.RUSAGE_SELF)-all, used(thisThread)-own
	if others := all - own; others < all/10 {
		t.Errorf("of %v the calling thread took %v: the kernels ran on it alone", all, own)
	}
}
