package torch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/golens/golens/torch"
)

// deep builds a model of n blocks, each a linear map with a bias and a tanh, made ready for hooks.
func deep(b *bench, n int, width int64) (model *torch.Module, blocks []*torch.Module) {
	b.Helper()
	u := b.unit()
	var slots []torch.Slot
	text := "def forward(self, x: Tensor) -> Tensor:\n"
	for i := range n {
		w := make([]float32, width*width)
		for k := range w {
			w[k] = float32((k*7+i)%11-5) / 16
		}
		block := b.define(u, "Block", "def forward(self, x: Tensor) -> Tensor:\n    return torch.tanh(torch.addmm(self.bias, x, self.weight))\n",
			torch.Slot{Name: "weight", Value: b.tensor(w, width, width)}, torch.Slot{Name: "bias", Value: b.tensor(make([]float32, width), width)})
		blocks = append(blocks, block)
		slots = append(slots, torch.Slot{Name: fmt.Sprint("b", i), Value: block})
		text += fmt.Sprintf("    x = self.b%d.forward(x)\n", i)
	}
	model = b.define(u, "Model", text+"    return x\n", slots...)
	if err := model.Interpose(); err != nil {
		b.Fatal(err)
	}
	return model, blocks
}

// TestFreshModuleOnTwoThreads: the first runs of a module, in which libtorch plans
// it, may come from several threads at once, each with hooks of its own.
func TestFreshModuleOnTwoThreads(t *testing.T) {
	b := work(t)
	const fresh, runs = 100, 30
	ops := b.module("def scale(self, x: Tensor, by: float) -> Tensor:\n    return x * by\n")
	x := b.tensor([]float32{1, -1, 2, 0.5}, 1, 4)
	for range fresh {
		var s bench // closed each time, so that modules also come and go
		s.T = t
		model, blocks := deep(&s, 3, 4)
		steps := [][]torch.Step{
			{{At: blocks[1], Fn: ops, Method: "scale", Args: []any{2.0}}, {At: blocks[1], Capture: true}},
			{{At: blocks[0], Func: add(1)}, {At: blocks[1], Capture: true}, {At: blocks[2], Input: true, Func: double}},
			nil,
		}
		var want [3][]float32 // the first results of each, which all others must equal
		var ready, done sync.WaitGroup
		ready.Add(len(steps))
		for g, steps := range steps {
			done.Go(func() {
				ready.Done()
				ready.Wait()
				for i := range runs {
					o, err := model.CallWith("forward", steps, x)
					if err != nil {
						t.Error(err)
						return
					}
					v, err := torch.Values[float32](o.Results[0])
					for _, c := range o.Captures {
						if c != nil {
							w, _ := torch.Values[float32](c)
							v = append(v, w...)
						}
					}
					o.Close()
					if i == 0 {
						want[g] = v
					}
					if err != nil || fmt.Sprint(v) != fmt.Sprint(want[g]) {
						t.Errorf("goroutine %d, run %d: %v (%v), first %v", g, i, v, err, want[g])
						return
					}
				}
			})
		}
		done.Wait()
		// The same one after the other, where no other hooks can come in between.
		for g, steps := range steps {
			o := keep(&s, must(model.CallWith("forward", steps, x))(t))
			v := values[float32](t, o.Results[0])
			for _, c := range o.Captures {
				if c != nil {
					v = append(v, values[float32](t, c)...)
				}
			}
			if fmt.Sprint(v) != fmt.Sprint(want[g]) {
				t.Fatalf("alone, goroutine %d's run gives %v, together %v", g, v, want[g])
			}
		}
		if fmt.Sprint(want[0]) == fmt.Sprint(want[2]) || fmt.Sprint(want[1]) == fmt.Sprint(want[2]) {
			t.Fatal("the hooks did nothing")
		}
		s.Close()
	}
}

// TestBuildingOnManyThreads: one unit takes definitions from several goroutines.
func TestBuildingOnManyThreads(t *testing.T) {
	b := work(t)
	u := b.unit()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 25 {
				n := i % 5 // some of one class, some of another
				m, err := u.Define(fmt.Sprint("Part", n), fmt.Sprintf("def forward(self) -> int:\n    return %d + self.n\n", n), torch.Slot{Name: "n", Value: g * 100})
				if err != nil {
					t.Error(err)
					return
				}
				if i%2 == 0 {
					m.Interpose() // which fails where another goroutine has run one of the class
				}
				out, err := m.Call("forward")
				if err != nil {
					t.Error(err)
					return
				}
				if v, err := torch.Values[int64](out[0]); err != nil || v[0] != int64(g*100+n) {
					t.Errorf("part %d of %d gives %v (%v)", n, g, v, err)
				}
				out[0].Close()
				m.Close()
			}
		})
	}
	wg.Wait()
}

// TestThreadsOfTheSystem: operations of many goroutines, each with the device for
// itself, do not give each its own team of helper threads.
func TestThreadsOfTheSystem(t *testing.T) {
	b := work(t)
	before := torch.Threads()
	t.Cleanup(func() { torch.SetThreads(before) })
	if err := torch.SetThreads(4); err != nil {
		t.Fatal(err)
	}
	x := b.tensor(make([]float32, 512*512), 512, 512)
	m := b.module("def forward(self, x: Tensor) -> Tensor:\n    return torch.mm(x, x).exp()\n")
	const goroutines = 16
	start := systemThreads(t)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range 5 {
				err := torch.CPU.Exclusive(context.Background(), func() error {
					out, err := m.Call("forward", x)
					if err == nil {
						out[0].Close()
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	more := systemThreads(t) - start
	t.Logf("%d goroutines with teams of 4 made %d more threads", goroutines, more)
	if more >= goroutines {
		t.Errorf("%d goroutines made %d threads of the system", goroutines, more)
	}
}
