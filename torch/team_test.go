package torch

import "testing"

// Without OpenMP's entry point kernels run on one thread, say so, and have the same bits.
func TestNoTeam(t *testing.T) {
	defer SetThreads(Threads())
	if err := SetThreads(2); err != nil {
		t.Fatal(err)
	}
	if n := KernelThreads(); n != 2 {
		t.Fatalf("kernels run on %d threads of 2", n)
	}
	x, w := randomTensor(t, 1, 9, 96), randomTensor(t, 2, 3000, 96)
	product := func() *Tensor {
		y, err := Linear(x, w, nil, 96)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { y.Close() })
		return y
	}
	two := product()
	useTeam("there_is_no_such_symbol")
	defer useTeam("GOMP_parallel")
	if n := KernelThreads(); n != 1 {
		t.Errorf("without a team kernels run on %d threads", n)
	}
	if same, err := SameBits(two, product()); err != nil || !same {
		t.Errorf("on one thread a product has other bits (%v)", err)
	}
}
