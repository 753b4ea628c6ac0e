package torch_test

import (
	"errors"
	"testing"

	"github.com/golens/golens/torch"
)

// TestProfile: the profiler counts each operator that a module calls, in this call only.
func TestProfile(t *testing.T) {
	u, err := torch.NewUnit()
	if err != nil {
		t.Fatal(err)
	}
	m, err := u.Define("Sums", "def forward(self, x: Tensor, n: int) -> Tensor:\n    for i in range(n):\n        x = torch.sin(x)\n    return x\n")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	x, err := torch.New([]float32{1, 2, 3}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	run := func(n int) error {
		out, err := m.Call("forward", x, n)
		if err == nil {
			out[0].Close()
		}
		return err
	}
	for _, n := range []int{1, 7, 3} {
		if err := run(2); err != nil { // between two profiles, nobody counts
			t.Fatal(err)
		}
		a, err := torch.Profile(func() error { return run(n) })
		if err != nil || a.Operators != n {
			t.Errorf("%v, %d operators were counted, and %d were called", err, a.Operators, n)
		}
		if a.Kernels != 0 || a.Busy != 0 || a.ToDevice.Count+a.FromDevice.Count+a.Within.Count != 0 {
			t.Errorf("nothing ran on a GPU: %+v", a)
		}
	}
	wrong := errors.New("it went wrong")
	if _, err := torch.Profile(func() error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	func() {
		defer func() { _ = recover() }()
		torch.Profile(func() error { panic("here") })
	}()
	if a, err := torch.Profile(func() error { return run(2) }); err != nil || a.Operators != 2 {
		t.Errorf("behind a panic: %v, %+v", err, a)
	}
}
