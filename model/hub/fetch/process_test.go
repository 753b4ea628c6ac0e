package fetch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
)

// asFetch makes a test binary fetch the model that it names, and end.
const asFetch = "GOLENS_TEST_FETCH"

func TestMain(m *testing.M) {
	if name := os.Getenv(asFetch); name != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		dir, err := Model(ctx, name, hub.Whole, Options{Agent: "golens/test"})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// process is a fetch in a process of its own.
func process(t *testing.T, h *fakehub.Hub, cache, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{asFetch + "=" + name, "HF_ENDPOINT=" + h.URL(), "HF_HUB_CACHE=" + cache, "HOME=" + t.TempDir()}
	return cmd
}

// TestTogether has four processes fetch one model at once: each byte comes once, and all
// find the model.
func TestTogether(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(3_000_000)["shards"]
	commit := h.Add("org/name", files)
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		return &fakehub.Fault{Each: func() { time.Sleep(2 * time.Millisecond) }}
	}
	cache := t.TempDir()
	var group sync.WaitGroup
	for range 4 {
		cmd := process(t, h, cache, "org/name")
		group.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), commit) {
				t.Errorf("%s, %v", out, err)
			}
		})
	}
	group.Wait()
	same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, weights["shards"]))
	h.Close()
	sent := map[string]int64{}
	for _, r := range h.Requests() {
		sent[r.Path] += r.Sent()
	}
	for _, name := range weights["shards"] {
		if sent[name] != int64(len(files[name])) {
			t.Errorf("%s: %d bytes came, want %d", name, sent[name], len(files[name]))
		}
	}
}

// TestBesidePython fetches while huggingface_hub fetches the same model into the same cache.
func TestBesidePython(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(3_000_000)["one"]
	commit := h.Add("org/name", files)
	began := make(chan struct{})
	var once sync.Once
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		if r.Path != "model.safetensors" || r.Server != "cdn" || r.Method == "HEAD" {
			return nil
		}
		once.Do(func() { close(began) })
		return &fakehub.Fault{Each: func() { time.Sleep(20 * time.Millisecond) }}
	}
	cache := t.TempDir()
	var group sync.WaitGroup
	python(t, h, cache, "version", "") // without a Python the test is skipped here
	ended := make(chan struct{})
	group.Go(func() {
		defer close(ended)
		python(t, h, cache, append([]string{"download", "org/name", "model.safetensors"}, wanted...)...)
	})
	select {
	case <-began:
	case <-ended:
		t.Fatal("Python ended before it asked for the weights")
	}
	w := &told{}
	o := quick(vars(h, cache), nil)
	o.Watcher = w
	if _, err := Model(t.Context(), "org/name", hub.Whole, o); err != nil {
		t.Error(err)
	}
	group.Wait()
	if !slices.Contains(w.waits, "another process fetches model.safetensors") {
		t.Errorf("it waited for %q", w.waits)
	}
	got := tree(t, cache)
	for name, want := range layout("org/name", commit, files, wanted, weights["one"]) {
		if got[name] != want && name != "CACHEDIR.TAG" {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	h.Close()
	var sent int64
	for _, r := range h.Requests() {
		if r.Path == "model.safetensors" {
			sent += r.Sent()
		}
	}
	if sent != int64(len(files["model.safetensors"])) {
		t.Errorf("%d bytes came, want %d", sent, len(files["model.safetensors"]))
	}
}

// TestKilled kills processes at any moment. What they leave is whole, and the last one
// finishes.
func TestKilled(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(1_000_000)["one"]
	commit := h.Add("org/name", files)
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		return &fakehub.Fault{Each: func() { time.Sleep(3 * time.Millisecond) }}
	}
	cache := t.TempDir()
	want := layout("org/name", commit, files, wanted, weights["one"])
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 15 {
		cmd := process(t, h, cache, "org/name")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.IntN(90)) * time.Millisecond)
		_ = cmd.Process.Signal([]os.Signal{syscall.SIGKILL, os.Interrupt}[n%2])
		_ = cmd.Wait()
		half(t, fmt.Sprintf("killed %d times", n+1), cache, commit, files, want)
	}
	if out, err := process(t, h, cache, "org/name").CombinedOutput(); err != nil {
		t.Fatalf("%s, %v", out, err)
	}
	got := tree(t, cache)
	for name := range got {
		// A killed process may leave the temporary name of a reference or a copy.
		if strings.HasSuffix(name, ".tmp") {
			delete(got, name)
		}
	}
	same(t, "cache", got, want)
}

// TestFullDisk fetches onto a disk that is too small, in a mount namespace of its own.
func TestFullDisk(t *testing.T) {
	const inside = "GOLENS_TEST_FULL_DISK"
	if os.Getenv(inside) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run", "^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), inside+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}}
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "=== RUN") {
			t.Skipf("no mount namespace: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	disk := t.TempDir()
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Skip(err)
	}
	defer unix.Unmount(disk, unix.MNT_DETACH)
	h := fakehub.Start(t)
	files := kinds(3_000_000)["one"]
	commit := h.Add("org/name", files)
	cache := filepath.Join(disk, "hub")
	env := vars(h, cache)
	fetch := func(says ...string) {
		t.Helper()
		_, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil))
		for _, part := range says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v, want %q", err, part)
			}
		}
		if len(says) == 0 && err != nil {
			t.Error(err)
		}
	}
	fetch("the disk of "+cache+" has ", "MB free, and 3.00 MB are to come", "HF_HUB_CACHE")
	if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		if r.Server != "cdn" {
			return nil
		}
		return &fakehub.Fault{Each: func() { once.Do(func() { put(t, strings.Repeat("x", 2_000_000), disk, "other") }) }}
	}
	fetch("model.safetensors: no space is left on the disk", "the same command goes on from there")
	half(t, "full", cache, commit, files, layout("org/name", commit, files, wanted, weights["one"]))
	if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	fetch()
	same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, weights["one"]))
	h.Close()
	var sent int64
	for _, r := range h.Requests() {
		if r.Path == "model.safetensors" {
			sent += r.Sent()
		}
	}
	if sent > 4_500_000 {
		t.Errorf("%d bytes came: it did not go on where it stopped", sent)
	}
}
