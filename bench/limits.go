package bench

import (
	_ "embed"
	"sync"
	"time"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed limits.py
var limitsText string

var limitsModule = sync.OnceValues(func() (*torch.Module, error) {
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Limits", limitsText)
})

// How large the product and the array are: a product [n,n] by [n,n] reaches the peak of
// a processor from some hundreds on, and needs far more to fill a GPU.
const (
	squareCPU, squareGPU = 2048, 8192
	arrayBytes           = 400 << 20
)

// A meter measures the limits of the machine, on the model's device and in its dtype.
type meter struct {
	m        *model.Model
	n        int // of the product
	elements int // of the array
	products []float64
	memory   []float64
}

func newMeter(m *model.Model) *meter {
	t := &meter{m: m, n: squareCPU, elements: arrayBytes / 4}
	if m.Device.IsCUDA() {
		t.n = squareGPU
	}
	return t
}

// measure takes n times of each limit, behind one that is not kept: its memory is new.
func (t *meter) measure(n int) error {
	return t.m.Hold(func(model.Session) error {
		mod, err := limitsModule()
		if err != nil {
			return err
		}
		var sc torch.Scope
		defer sc.Close()
		one, err := torch.New([]float32{0}, 1)
		if err != nil {
			return err
		}
		torch.Keep(&sc, one)
		typed, err := one.To(t.m.DType, t.m.Device)
		if err != nil {
			return err
		}
		torch.Keep(&sc, typed)
		single, err := one.To(torch.Float32, t.m.Device)
		if err != nil {
			return err
		}
		torch.Keep(&sc, single)
		times, err := timeCalls(mod, n, "squares", t.n, typed, "product")
		if err != nil {
			return err
		}
		t.products = append(t.products, times...)
		times, err = timeCalls(mod, n, "array", t.elements, single, "total")
		t.memory = append(t.memory, times...)
		torch.Trim()
		return err
	})
}

// timeCalls makes arrays by one method and takes n times of another on them.
func timeCalls(mod *torch.Module, n int, make string, size int, like *torch.Tensor, method string) ([]float64, error) {
	var sc torch.Scope
	defer sc.Close()
	arrays, err := mod.Call(make, size, like)
	if err != nil {
		return nil, err
	}
	var args []any
	for _, a := range arrays {
		args = append(args, torch.Keep(&sc, a))
	}
	var times []float64
	for i := range n + 1 {
		began := time.Now()
		out, err := mod.Call(method, args...)
		if err != nil {
			return nil, err
		}
		err = wait(out[0])
		took := time.Since(began).Seconds()
		out[0].Close()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			times = append(times, took)
		}
	}
	return times, nil
}

// wait brings one number of a tensor to the CPU, which a GPU hands over when it has
// computed it, and with it all that it was given before.
func wait(x *torch.Tensor) error {
	var sc torch.Scope
	defer sc.Close()
	for range x.Shape() {
		one, err := x.Select(0, 0)
		if err != nil {
			return err
		}
		x = torch.Keep(&sc, one)
	}
	_, err := torch.Bytes(x)
	return err
}

// limits returns what was reached so far: the best time counts, since every other was
// disturbed.
func (t *meter) limits() Limits {
	l := Limits{DType: t.m.DType.String(), Products: Summarise(t.products), Memory: Summarise(t.memory)}
	if l.Products.Best > 0 {
		n := float64(t.n)
		l.FLOPS = 2 * n * n * n / l.Products.Best
	}
	if l.Memory.Best > 0 {
		l.Bytes = 4 * float64(t.elements) / l.Memory.Best
	}
	return l
}
