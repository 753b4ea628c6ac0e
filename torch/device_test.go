package torch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/torch"
)

func TestOpenDevice(t *testing.T) {
	if d := must(torch.OpenDevice("cpu"))(t); d != torch.CPU || d.String() != "cpu" || d.IsCUDA() {
		t.Errorf("cpu is %v", d)
	}
	for _, name := range []string{"", "tpu", "cuda:x", "cuda:", "cuda:-1", "cuda:1.5", "cuda:99999999999", "cuda0", "cudax", "CPU", "cpu:0", " cpu"} {
		d, err := torch.OpenDevice(name)
		failed(t, err, `open device "`+name+`": it is none of cpu, cuda, cuda:N and auto`)
		if d != torch.CPU {
			t.Errorf("%q came with the error as %v", name, d)
		}
	}
	auto := must(torch.OpenDevice("auto"))(t)
	cuda, err := torch.OpenDevice("cuda")
	if err == nil {
		if auto != cuda || cuda.String() != "cuda:0" || !cuda.IsCUDA() {
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

func TestExclusive(t *testing.T) {
	stop := errors.New("stop")
	if err := torch.CPU.Exclusive(func() error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { recover() }()
		torch.CPU.Exclusive(func() error { panic("in the operation") })
	}()
	var wg sync.WaitGroup
	var inside, most atomic.Int32
	total := 0
	for range 8 {
		wg.Go(func() {
			for range 50 {
				torch.CPU.Exclusive(func() error {
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

// systemThreads returns how many threads of the system the process has.
func systemThreads(t testing.TB) int {
	t.Helper()
	return int(must(proc.Status("Threads"))(t))
}

// named returns how many threads of the process have a name.
func named(t testing.TB, name string) int {
	t.Helper()
	n := 0
	for _, file := range must(filepath.Glob("/proc/self/task/*/comm"))(t) {
		if data, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(data)) == name {
			n++
		}
	}
	return n
}

var fresh atomic.Int32 // threads named by TestThreads

// TestThreads: the count holds on every thread of the system, whenever it came to be.
func TestThreads(t *testing.T) {
	b := work(t)
	before := torch.Threads()
	t.Cleanup(func() { torch.SetThreads(before) })
	x := b.tensor(make([]float32, 1<<20), 1024, 1024)
	m := b.module("def forward(self, x: Tensor) -> Tensor:\n    return torch.mm(x, x.narrow(1, 0, 64)).exp()\n")
	end := make(chan bool)
	var all sync.WaitGroup
	defer func() { close(end); all.Wait() }()
	// onThread runs f on a thread of the system that no other goroutine has until the end.
	onThread := func(f func()) {
		done := make(chan bool)
		all.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			f()
			done <- true
			<-end
		})
		<-done
	}
	// Threads that ran before have their helpers already: after these, fresh ones come.
	for range 32 {
		onThread(func() {})
	}
	// helpers returns how many threads a product makes for itself on a fresh thread.
	// They inherit its name, which those of Go's runtime do not.
	helpers := func() (n int) {
		onThread(func() {
			name := fmt.Sprint("fresh ", fresh.Add(1))
			if err := os.WriteFile("/proc/thread-self/comm", []byte(name), 0); err != nil {
				t.Error(err)
			}
			if out, err := m.Call("forward", x); err != nil {
				t.Error(err)
			} else {
				out[0].Close()
			}
			n = named(t, name) - 1
		})
		return n
	}
	for _, n := range []int{1, 3, 2} {
		if err := torch.SetThreads(n); err != nil {
			t.Fatal(err)
		}
		if torch.Threads() != n {
			t.Errorf("set to %d: %d", n, torch.Threads())
		}
		for range 3 {
			if got := helpers(); got != n-1 {
				t.Errorf("with %d threads, a product on a fresh one has %d helpers", n, got)
			}
		}
	}
	for _, n := range []int{0, -1, 1025, 1 << 40} {
		failed(t, torch.SetThreads(n), "threads: the number must be from 1 to 1024")
	}
	if torch.Threads() != 2 {
		t.Errorf("a refused count was taken: %d", torch.Threads())
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
