package bench

import (
	"context"
	_ "embed"
	"sync"
	"time"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed limits.py
var limitsText string

var limitsModule = sync.OnceValues(func() (*torch.Module, error) {
	m, err := torch.NewProgram("Limits", limitsText).Module()
	if err != nil {
		return nil, err
	}
	return m, m.Interpose() // for golens's own product
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
	own      []float64 // of golens's own product, none where it has no such
	memory   []float64
}

func newMeter(m *model.Model) *meter {
	t := &meter{m: m, n: squareCPU, elements: arrayBytes / 4}
	if !m.Device.Host() {
		t.n = squareGPU
	}
	return t
}

// measure takes n times of each limit, after one that is not kept, because its memory is new.
func (t *meter) measure(n int) error {
	return t.m.Hold(context.Background(), func(model.Session) error {
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
		if err := t.measureProducts(mod, n, typed); err != nil {
			return err
		}
		array, err := mod.Call("array", t.elements, single)
		if err != nil {
			return err
		}
		defer array[0].Close()
		times, err := timeCalls(n, func() (*torch.Tensor, error) { return torch.One(mod.Call("total", array[0])) })
		t.memory = append(t.memory, times...)
		torch.Trim()
		return err
	})
}

// measureProducts times libtorch's product and, if golens has one, its own. The processor decides
// which is faster.
func (t *meter) measureProducts(mod *torch.Module, n int, like *torch.Tensor) error {
	var sc torch.Scope
	defer sc.Close()
	squares, err := mod.Call("squares", t.n, like)
	if err != nil {
		return err
	}
	x, w := torch.Keep(&sc, squares[0]), torch.Keep(&sc, squares[1])
	times, err := timeCalls(n, func() (*torch.Tensor, error) { return torch.One(mod.Call("product", x, w)) })
	if err != nil {
		return err
	}
	t.products = append(t.products, times...)
	if t.m.Kernels() != nil {
		return nil
	}
	packed, err := torch.Pack(w, true)
	if err != nil {
		return err
	}
	torch.Keep(&sc, packed)
	by, err := torch.NewProducts()
	if err != nil {
		return err
	}
	torch.Keep(&sc, by)
	if err := by.Linear(mod, packed, nil, chain, 0); err != nil {
		return err
	}
	times, err = timeCalls(n, func() (*torch.Tensor, error) {
		run, err := mod.CallUsing(by, "forward", nil, x)
		if err != nil {
			return nil, err
		}
		return run.Results[0], nil
	})
	t.own = append(t.own, times...)
	return err
}

// chain is the order in which golens's own product sums. All orders are about equally fast.
const chain = 192

// timeCalls takes n times of a call, after one that is not kept.
func timeCalls(n int, call func() (*torch.Tensor, error)) ([]float64, error) {
	var times []float64
	for i := range n + 1 {
		began := time.Now()
		out, err := call()
		if err != nil {
			return nil, err
		}
		err = wait(out)
		took := time.Since(began).Seconds()
		out.Close()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			times = append(times, took)
		}
	}
	return times, nil
}

// wait copies one number of a tensor to the CPU. A GPU delivers it when it has computed the number
// and everything before it.
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

// limits returns the best rates so far. The best time counts, because all others were disturbed.
func (t *meter) limits() Limits {
	l := Limits{DType: t.m.DType.String(), By: "libtorch", Products: Summarise(t.products), Memory: Summarise(t.memory)}
	if own := Summarise(t.own); own.Best > 0 && own.Best < l.Products.Best {
		l.Products, l.By = own, "golens"
	}
	if l.Products.Best > 0 {
		n := float64(t.n)
		l.FLOPS = 2 * n * n * n / l.Products.Best
	}
	if l.Memory.Best > 0 {
		l.Bytes = 4 * float64(t.elements) / l.Memory.Best
	}
	return l
}
