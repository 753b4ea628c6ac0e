package torch_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/torch"
)

// TestMemoryOfManyRuns: ten thousand runs with a capture, a scaling and a function
// of Go leave no object and no memory behind.
func TestMemoryOfManyRuns(t *testing.T) {
	b := work(t)
	const runs, warm = 10_000, 1_000
	model, blocks := deep(b, 2, 32)
	ops := b.module("def scale(self, x: Tensor, by: float) -> Tensor:\n    return x * by\n")
	x := b.tensor(make([]float32, 32*32), 32, 32)
	steps := []torch.Step{
		{At: blocks[0], Fn: ops, Method: "scale", Args: []any{0.5}},
		{At: blocks[1], Input: true, Func: func(x *torch.Tensor) (*torch.Tensor, error) { return x.Clone() }},
		{At: blocks[1], Capture: true},
	}
	fails := append(steps[:3:3], torch.Step{At: blocks[1], Func: func(x *torch.Tensor) (*torch.Tensor, error) { panic("now and then") }})
	before := torch.Live()
	resident := func() int64 {
		debug.FreeOSMemory()
		return must(proc.Status("VmRSS"))(t)
	}
	var start int64
	for i := range runs {
		if i == warm {
			start = resident()
		}
		o, err := model.CallWith("forward", steps, x)
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
		if i%10 == 0 {
			if _, err := model.CallWith("forward", fails, x); err == nil {
				t.Fatal("a hook's panic was no error")
			}
		}
		if n := torch.Live(); n != before {
			t.Fatalf("run %d left %d objects", i, n-before)
		}
	}
	end := resident()
	t.Logf("resident after %d runs: %d bytes, after %d: %d", warm, start, runs, end)
	if !instrumented && end > start+start/20 {
		t.Errorf("resident memory went from %d to %d bytes", start, end)
	}
}

// TestMemoryOfManyModules: modules that were built, made ready and run go with their unit.
// The least memory of the second half is compared with that of the first. It runs on one
// thread of the system, since malloc keeps an arena for each that a test happens to move to.
func TestMemoryOfManyModules(t *testing.T) {
	work(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const builds, warm, every = 1050, 50, 50
	resident := func() int64 {
		for range 3 { // units are freed by the collector alone
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		debug.FreeOSMemory()
		torch.Trim()
		return must(proc.Status("VmRSS"))(t)
	}
	var read []int64
	for i := range builds {
		s := bench{T: t}
		model, blocks := deep(&s, 2, 256) // half a megabyte of weights
		o := keep(&s, must(model.CallWith("forward", []torch.Step{{At: blocks[0], Capture: true}}, s.tensor(make([]float32, 256), 1, 256)))(t))
		equal(t, "hits", o.Hits, 1)
		s.Close()
		if done := i + 1; done > warm && done%every == 0 {
			read = append(read, resident())
		}
	}
	half := len(read) / 2
	first, second := slices.Min(read[:half]), slices.Min(read[half:])
	t.Logf("resident every %d modules: %d bytes", every, read)
	if !instrumented && second > first+first/20 {
		t.Errorf("resident memory went from %d to %d bytes", first, second)
	}
}

// TestCollectorUnderStress: goroutines that never close what they make, while the
// collector runs without pause. A minute of it with GOLENS_STRESS=1.
func TestCollectorUnderStress(t *testing.T) {
	b := work(t)
	length := 2 * time.Second
	if os.Getenv("GOLENS_STRESS") != "" {
		length = time.Minute
	}
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	model, blocks := deep(b, 2, 8)
	ops := b.module("def scale(self, x: Tensor, by: float) -> Tensor:\n    return x * by\n\ndef split(self, x: Tensor) -> List[Tensor]:\n    return [x + 1, x + 2, x + 3]\n")
	path := numbers(t, 64)
	ones := make([]float32, 64)
	for i := range ones {
		ones[i] = 1
	}
	before := torch.Live()
	var stop atomic.Bool
	var rounds atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			runtime.GC()
		}
	})
	// round makes some of everything, checks values, and closes nothing.
	round := func(g int) error {
		x, err := torch.New(ones, 8, 8)
		if err != nil {
			return err
		}
		n, err := x.Narrow(0, 1, 4)
		if err != nil {
			return err
		}
		c, err := n.Clone()
		if err != nil {
			return err
		}
		out, err := ops.Call("split", c)
		if err != nil {
			return err
		}
		o, err := model.CallWith("forward", []torch.Step{
			{At: blocks[0], Fn: ops, Method: "scale", Args: []any{float64(g)}},
			{At: blocks[1], Input: true, Func: func(x *torch.Tensor) (*torch.Tensor, error) {
				y, err := x.Narrow(1, 0, 8)
				if err != nil {
					return nil, err
				}
				runtime.GC()
				return y.Clone()
			}},
			{At: blocks[1], Capture: true},
		}, out[0])
		if err != nil {
			return err
		}
		f, err := torch.Map(path)
		if err != nil {
			return err
		}
		f.Preload(0, 1<<8)
		w, err := f.Tensor(0, torch.Float32, 8, 8)
		if err != nil {
			return err
		}
		u, err := torch.NewUnit()
		if err != nil {
			return err
		}
		m, err := u.Define("Sum", "def forward(self, xs: List[Tensor]) -> Tensor:\n    return self.weight.sum() + xs[0].sum() + xs[1].sum()\n", torch.Slot{Name: "weight", Value: w})
		if err != nil {
			return err
		}
		sum, err := m.Call("forward", []*torch.Tensor{out[1], out[2]})
		if err != nil {
			return err
		}
		v, err := torch.Values[float32](sum[0])
		if err != nil || v[0] != 63*64/2+32*3+32*4 {
			return fmt.Errorf("the sum is %v (%v)", v, err)
		}
		r, err := torch.Values[float32](o.Results[0])
		k, err2 := torch.Values[float32](o.Captures[2])
		if err != nil || err2 != nil || len(r) != 32 || fmt.Sprint(r) != fmt.Sprint(k) {
			return fmt.Errorf("result %v (%v), captured %v (%v)", r, err, k, err2)
		}
		return nil
	}
	for g := range 2 {
		wg.Go(func() {
			for !stop.Load() {
				if err := round(g); err != nil {
					t.Error(err)
					return
				}
				rounds.Add(1)
			}
		})
	}
	time.Sleep(length)
	stop.Store(true)
	wg.Wait()
	t.Logf("%d rounds", rounds.Load())
	for end := time.Now().Add(20 * time.Second); torch.Live() != before; runtime.GC() {
		if time.Now().After(end) {
			t.Fatalf("%d objects were never freed", torch.Live()-before)
		}
		time.Sleep(time.Millisecond)
	}
}
