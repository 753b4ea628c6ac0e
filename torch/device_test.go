package torch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/torch"
)

func TestOpenDevice(t *testing.T) {
	if d := must(torch.OpenDevice("cpu"))(t); d != torch.CPU || d.String() != "cpu" || !d.Host() || !d.Kernels() {
		t.Errorf("cpu is %v", d)
	}
	for _, name := range []string{"", "tpu", "cuda:x", "cuda:", "cuda:-1", "cuda:1.5", "cuda:99999999999", "cuda0", "cudax", "CPU", "cpu:0", " cpu"} {
		d, err := torch.OpenDevice(name)
		failed(t, err, `open device "`+name+`": it is none of cpu, cuda, cuda:N and auto`)
		failed(t, torch.CheckDevice(name), `open device "`+name+`": it is none of cpu, cuda, cuda:N and auto`)
		if d != torch.CPU {
			t.Errorf("%q came with the error as %v", name, d)
		}
	}
	auto := must(torch.OpenDevice("auto"))(t)
	cuda, err := torch.OpenDevice("cuda")
	if err == nil {
		if auto != cuda || cuda.String() != "cuda:0" || cuda.Host() || cuda.Kernels() {
			t.Errorf("auto is %v and cuda %v", auto, cuda)
		}
		_, err = torch.OpenDevice("cuda:999")
		failed(t, err, "GPUs, numbered from 0")
		return
	}
	if auto != torch.CPU {
		t.Errorf("auto is %v, and cuda %v", auto, err)
	}
	for _, name := range []string{"cuda", "cuda:0", "cuda:9"} {
		d, again := torch.OpenDevice(name)
		failed(t, again, "open cuda: ")
		if again.Error() != err.Error() || d != torch.CPU {
			t.Errorf("%s: %v and %v", name, d, again)
		}
		if !strings.Contains(again.Error(), "driver") && !strings.Contains(again.Error(), "CUDA") {
			t.Errorf("the error does not say what is missing: %v", again)
		}
	}
}

func TestOnGPU(t *testing.T) {
	cuda, err := torch.OpenDevice("cuda")
	if err != nil {
		untested.Here(t, "%v", err)
	}
	b := work(t)
	x := keep(b, must(b.tensor([]float32{1, 2}, 2).To(torch.Float32, cuda))(t))
	if x.Device() != cuda {
		t.Errorf("it lies on %v", x.Device())
	}
	m := tree(b)
	_, err = m.Call("forward", x) // whose weights lie on the CPU
	failed(t, err, "device")
	equal(t, "there and back", values[float32](t, x), 1, 2)
}

// TestTF32: what f returns comes back, and products are float32's own again behind it.
func TestTF32(t *testing.T) {
	stop := errors.New("stop")
	devices := []torch.Device{torch.CPU}
	if cuda, err := torch.OpenDevice("cuda"); err == nil {
		devices = append(devices, cuda)
	}
	if torch.CPU.HasTF32() {
		t.Error("the CPU is a GPU")
	}
	for _, d := range devices {
		b := work(t)
		m := b.module("def forward(self, x: Tensor) -> Tensor:\n    return torch.mm(x, x)\n")
		const n = 256 // of 1 + 2^-12, which TF32 does not hold
		v := make([]float32, n*n)
		for i := range v {
			v[i] = 1 + 0x1p-12
		}
		x := keep(b, must(b.tensor(v, n, n).To(torch.Float32, d))(t))
		product := func() float32 {
			y := keep(b, must(m.Call("forward", x))(t)[0])
			return values[float32](t, y)[0]
		}
		const want = n * (1 + 0x1p-12) * (1 + 0x1p-12)
		for range 2 {
			approx.Check(t, fmt.Sprintf("%s: a product of float32", d), product(), want, want*1e-5)
			if err := d.TF32(func() error {
				if got := product(); d.HasTF32() && got != n {
					t.Errorf("%s: a product of TF32 is %v, not %v", d, got, n)
				}
				return stop
			}); err != stop {
				t.Errorf("%s: got %v", d, err)
			}
		}
	}
	if len(devices) == 1 {
		untested.Here(t, "there is no GPU: only the CPU was tested")
	}
}

// TestExclusiveWithin: whoever holds a device and asks for it again gets an error, also from
// a hook, and whoever else asks waits, but no longer than its ctx.
func TestExclusiveWithin(t *testing.T) {
	b := work(t)
	ctx := t.Context()
	m := b.module("def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n")
	if err := m.Interpose(); err != nil {
		t.Fatal(err)
	}
	again := func() error {
		return torch.CPU.Exclusive(ctx, func() error { t.Error("it was held twice"); return nil })
	}
	held := func(err error) bool {
		var e *torch.HeldError
		return errors.As(err, &e) && e.Device == torch.CPU && strings.Contains(err.Error(), "hold cpu: ") && strings.Contains(err.Error(), "hook")
	}
	err := torch.CPU.Exclusive(ctx, func() error {
		if err := again(); !held(err) {
			t.Errorf("within: %v", err)
		}
		_, err := m.CallWith("forward", []torch.Step{{At: m, Func: func(*torch.Tensor) (*torch.Tensor, error) { return nil, again() }}}, b.tensor([]float32{1}, 1))
		if !held(err) {
			t.Errorf("in a hook: %v", err)
		}
		short, cancel := context.WithCancel(ctx)
		others := make(chan error)
		go func() { others <- torch.CPU.Exclusive(short, func() error { return errors.New("it was held by two") }) }()
		select {
		case err := <-others:
			t.Errorf("another goroutine did not wait: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		cancel()
		if err := <-others; err != context.Canceled {
			t.Errorf("a wait that was cancelled: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := torch.CPU.Exclusive(done, func() error { return nil }); err != context.Canceled {
		t.Errorf("a ctx that is done: %v", err)
	}
	if err := torch.CPU.Exclusive(ctx, func() error { return nil }); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// TestCallUntil: a call ends between two modules when its ctx is done.
func TestCallUntil(t *testing.T) {
	b := work(t)
	u := b.unit()
	inner := func() *torch.Module {
		return b.define(u, "Inner", "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n")
	}
	first, second, third := inner(), inner(), inner()
	m := b.define(u, "Outer", "def forward(self, x: Tensor) -> Tensor:\n    return self.c.forward(self.b.forward(self.a.forward(x)))\n",
		torch.Slot{Name: "a", Value: first}, torch.Slot{Name: "b", Value: second}, torch.Slot{Name: "c", Value: third})
	if err := m.Interpose(); err != nil {
		t.Fatal(err)
	}
	x := b.tensor([]float32{1}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ran := 0
	count := func(*torch.Tensor) (*torch.Tensor, error) { ran++; return nil, nil }
	steps := []torch.Step{{At: first, Func: count}, {At: second, Func: count}, {At: third, Func: count}, {At: first, Capture: true}}
	o := keep(b, must(m.CallUntil(ctx, nil, "forward", steps, x))(t))
	equal(t, "a ctx that is not done", values[float32](t, o.Results[0]), 4)
	ran = 0
	steps[1].Func = func(*torch.Tensor) (*torch.Tensor, error) {
		ran++
		cancel()
		time.Sleep(10 * time.Millisecond) // until the ctx's goroutine has told
		return nil, nil
	}
	_, err := m.CallUntil(ctx, nil, "forward", steps, x)
	if failed(t, err, "run forward: context canceled"); !errors.Is(err, context.Canceled) || ran != 2 {
		t.Errorf("after %d modules: %v", ran, err)
	}
	ran = 0
	if _, err := m.CallUntil(ctx, nil, "forward", steps, x); !errors.Is(err, context.Canceled) || ran != 0 {
		t.Errorf("a ctx that was done before, after %d modules: %v", ran, err)
	}
}

// TestAutoDevice: a driver that is there and does not work is told, and that there is no GPU
// is nothing to tell.
func TestAutoDevice(t *testing.T) {
	if os.Getenv("GOLENS_TEST_AUTO") != "" {
		d, why := torch.AutoDevice()
		fmt.Printf("device %v: %v\n", d, why)
		return
	}
	for name, c := range map[string]struct{ driver, want string }{
		"no GPU":        {"int cuInit(unsigned f) { return 100; } int cuDeviceGetCount(int *n) { *n = 0; return 0; }", "device cpu: <nil>\n"},
		"none of them":  {"int cuInit(unsigned f) { return 0; } int cuDeviceGetCount(int *n) { *n = 0; return 0; }", "device cpu: <nil>\n"},
		"a broken one":  {"int cuInit(unsigned f) { return 803; } int cuDeviceGetCount(int *n) { *n = 0; return 3; }", "device cpu: torch: open cuda: the NVIDIA driver does not work (it answers with error 803): does nvidia-smi?\n"},
		"not a driver":  {"int other(void) { return 0; }", "device cpu: torch: open cuda: the NVIDIA driver does not work (it answers with error -1): does nvidia-smi?\n"},
		"not a library": {"", "device cpu: torch: open cuda: the NVIDIA driver cannot be opened: "},
	} {
		t.Run(name, func(t *testing.T) {
			out := run(t, "libcuda.so.1", c.driver, "LD_LIBRARY_PATH", "TestAutoDevice", "GOLENS_TEST_AUTO=1")
			if !strings.Contains(out, c.want) {
				t.Errorf("it says %q, want %q", out, c.want)
			}
		})
	}
}

// run runs a test of this program in a process of its own, with a library of C that is
// built here; variable tells the system of it. An empty source is a file that is none.
func run(t *testing.T, library, source, variable, test string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, library)
	if source == "" {
		if err := os.WriteFile(file, []byte("no library"), 0o644); err != nil {
			t.Fatal(err)
		}
	} else {
		cc := exec.Command("g++", "-shared", "-fPIC", "-xc++", "-o", file, "-")
		cc.Stdin = strings.NewReader("#include <cstdlib>\n#include <new>\n#include <unistd.h>\nextern \"C\" {" + source + "}\n")
		if out, err := cc.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if variable == "LD_LIBRARY_PATH" {
		file = dir
	}
	self := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	self.Env = append(append(os.Environ(), env...), variable+"="+file)
	out, err := self.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestExclusive(t *testing.T) {
	stop := errors.New("stop")
	if err := torch.CPU.Exclusive(context.Background(), func() error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { recover() }()
		torch.CPU.Exclusive(context.Background(), func() error { panic("in the operation") })
	}()
	var wg sync.WaitGroup
	var inside, most atomic.Int32
	total := 0
	for range 8 {
		wg.Go(func() {
			for range 50 {
				torch.CPU.Exclusive(context.Background(), func() error {
					most.Store(max(most.Load(), inside.Add(1)))
					total++
					runtime.Gosched()
					inside.Add(-1)
					return nil
				})
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || total != 400 {
		t.Errorf("%d at once, %d in all", most.Load(), total)
	}
}

func TestDescribe(t *testing.T) {
	lib := must(torch.Describe())(t)
	if v := strings.Split(lib.Version, "."); len(v) < 3 || v[0] < "2" {
		t.Errorf("version %q", lib.Version)
	}
	switch lib.Capability {
	case "DEFAULT", "AVX2", "AVX512", "NO AVX":
	default:
		if runtime.GOARCH == "amd64" {
			t.Errorf("capability %q", lib.Capability)
		}
	}
	for name, text := range map[string]string{"BLAS": lib.BLAS, "OneDNN": lib.OneDNN, "OpenMP": lib.OpenMP} {
		if text == "" || strings.ContainsAny(text, "\n\t") {
			t.Errorf("%s is %q", name, text)
		}
	}
	if strings.Trim(lib.Commit, "0123456789abcdef") != "" {
		t.Errorf("commit %q", lib.Commit)
	}
}
