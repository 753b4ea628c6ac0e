package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeberg.org/sbinet/npyio/npz"
	"golang.org/x/sys/unix"
)

// finish waits for a process and returns what it left.
func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var out, stderr bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	if cmd.Process == nil {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if !cmd.ProcessState.Exited() {
		t.Errorf("the process did not exit: %v", cmd.ProcessState)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// TestExitStatus looks at the process itself: what a shell sees.
func TestExitStatus(t *testing.T) {
	if got := finish(t, program(t, "tokens", "--jsonl", "the")); got.code != 0 || got.stderr != "" || got.out != `{"ids":[1169],"tokens":[{"id":1169,"text":"the"}]}`+"\n" {
		t.Errorf("%+v", got)
	}
	refused(t, finish(t, program(t, "lens", "x", "--model", "/nosuch")), 1, "/nosuch")
	refused(t, finish(t, program(t, "lens", "x", "--top", "0")), 2, "--top 0")
}

// TestNoGPU hides every GPU from the program and asks for one.
func TestNoGPU(t *testing.T) {
	cmd := program(t, "lens", "the", "--model", tiny(t), "--device", "cuda")
	cmd.Env = append(cmd.Env, "CUDA_VISIBLE_DEVICES=")
	refused(t, finish(t, cmd), 1, "--device cuda", "--device cpu")
}

// manyPrompts writes so many prompts that nobody waits for the end.
func manyPrompts(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "{\"name\": \"p%d\", \"ids\": [%d, 1, 2]}\n", i, i%200)
	}
	return put(t, dir, "prompts.jsonl", []byte(b.String()))
}

// TestInterrupt sends Ctrl-C in the middle of many prompts: what was finished is
// there, whole and readable, in every format.
func TestInterrupt(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			dir, out := t.TempDir(), t.TempDir()
			at := func(name string) string { return filepath.Join(out, name) }
			cmd := program(t, "lens", "--model", tiny(t), "--prompts", manyPrompts(t, dir), "--top", "2",
				"--json", at("x.jsonl"), "--npz", at("x.npz"), "--csv", at("x.csv"))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitForResults(t, cmd, out)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			got := finish(t, cmd)
			got.stderr = stderr.String()
			var done, all int
			if _, err := fmt.Sscanf(got.stderr, "golens: interrupted after %d of %d prompts, which are written\n", &done, &all); err != nil || done < 1 || done >= all || all != 50_000 {
				t.Fatalf("%v: standard error %q", err, got.stderr)
			}
			refused(t, got, 1, "interrupted")
			if names := files(t, out); !slices.Equal(names, []string{"x.csv", "x.jsonl", "x.npz"}) {
				t.Fatalf("the folder holds %v", names)
			}
			finished(t, at, done)
		})
	}
}

// waitForResults waits until the first temporary file holds something.
func waitForResults(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	for range 3000 {
		temporary, _ := filepath.Glob(filepath.Join(dir, ".*.tmp"))
		for _, path := range temporary {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	t.Fatal("nothing was written in half a minute")
}

// finished checks that files of every format hold exactly n results.
func finished(t *testing.T, at func(string) string, n int) {
	t.Helper()
	lines, err := os.ReadFile(at("x.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(lines), "\n"); got != n || !bytes.HasSuffix(lines, []byte("}\n")) {
		t.Errorf("%d lines of JSON, want %d", got, n)
	}
	var last struct{ Name string }
	rows := strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n")
	if err := json.Unmarshal([]byte(rows[len(rows)-1]), &last); err != nil || last.Name != fmt.Sprintf("p%d", n-1) {
		t.Errorf("the last line is of %q (%v)", last.Name, err)
	}
	z, err := npz.Open(at("x.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	keys := z.Keys()
	if !slices.Contains(keys, fmt.Sprintf("%d/entropy.npy", n-1)) || slices.Contains(keys, fmt.Sprintf("%d/entropy.npy", n)) {
		t.Errorf("the npz has %d arrays and not %d results", len(keys), n)
	}
	csv, err := os.ReadFile(at("x.csv"))
	if err != nil {
		t.Fatal(err)
	}
	const cells = (tinyBlocks + 1) * 3 * 2 // rows, positions, candidates
	if got := strings.Count(string(csv), "\n"); got != 1+n*cells {
		t.Errorf("%d lines of CSV, want %d", got, 1+n*cells)
	}
}

// TestInterruptStream sends Ctrl-C while results go to standard output: every line
// there is whole.
func TestInterruptStream(t *testing.T) {
	cmd := program(t, "lens", "--model", tiny(t), "--prompts", manyPrompts(t, t.TempDir()), "--json", "-")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(pipe)
	lines := 0
	for ; lines < 3; lines++ {
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil || !json.Valid(line) {
			t.Fatalf("%v: %.80q", err, line)
		}
		lines++
	}
	got := finish(t, cmd)
	got.stderr = stderr.String()
	refused(t, got, 1, fmt.Sprintf("interrupted after %d of 50000 prompts", lines))
}

// TestInterruptAtOnce: Ctrl-C before the first result leaves nothing.
func TestInterruptAtOnce(t *testing.T) {
	dir := t.TempDir()
	model := tiny(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"lens", "the", "--model", model, "--json", filepath.Join(dir, "x.json"), "--plot", filepath.Join(dir, "x.png")},
		{"lens", "-", "--model", model}, {"lens", "--prompts", "-", "--model", model}, {"tokens", "-"},
	} {
		var out, stderr bytes.Buffer
		code := run(ctx, append([]string{"golens"}, args...), blocked{}, &out, &stderr)
		refused(t, outcome{code, out.String(), stderr.String()}, 1, "interrupted")
	}
	if names := files(t, dir); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// blocked is a standard input on which nothing ever comes.
type blocked struct{}

func (blocked) Read([]byte) (int, error) { select {} }

// TestInterruptInput sends Ctrl-C while the program waits for its input.
func TestInterruptInput(t *testing.T) {
	cmd := program(t, "tokens", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForSignals(t, cmd)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	got := finish(t, cmd)
	refused(t, outcome{got.code, out.String(), stderr.String()}, 1, "interrupted")
}

// waitForSignals waits until the process catches Ctrl-C, before which it dies of it.
func waitForSignals(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	for range 3000 {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			t.Skip(err)
		}
		_, line, _ := strings.Cut(string(status), "SigIgn:")
		var ignored uint64
		// Broken pipes are ignored after Ctrl-C is caught.
		if _, err := fmt.Sscanf(line, "%x", &ignored); err == nil && ignored&(1<<(syscall.SIGPIPE-1)) != 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	t.Fatal("the process never began")
}

// TestReaderGoesAway closes the pipe as head does: the program ends without a word,
// and leaves no half file.
func TestReaderGoesAway(t *testing.T) {
	for _, args := range [][]string{
		{"--json", "-"}, {"--csv", "-"}, {"--json", "-", "--npz", "OUT/x.npz"}, {},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			dir, out := t.TempDir(), t.TempDir()
			all := []string{"lens", "--model", tiny(t), "--prompts", manyPrompts(t, dir)}
			for _, a := range args {
				all = append(all, strings.ReplaceAll(a, "OUT", out))
			}
			cmd := program(t, all...)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = w, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			if _, err := r.Read(make([]byte, 1)); err != nil {
				cmd.Wait()
				t.Fatalf("%v: %s", err, stderr.String())
			}
			r.Close()
			if got := finish(t, cmd); got.code != 1 || stderr.Len() > 0 {
				t.Errorf("exit status %d, standard error %q", got.code, stderr.String())
			}
			if names := files(t, out); len(names) > 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

// TestNoPermission writes where the user may not.
func TestNoPermission(t *testing.T) {
	out := t.TempDir()
	model := tiny(t)
	locked := filepath.Join(out, "locked")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	mine := put(t, out, "mine.json", []byte("before"))
	if err := os.Chmod(mine, 0o444); err != nil {
		t.Fatal(err)
	}
	as := func(args ...string) *exec.Cmd {
		cmd := program(t, args...)
		if os.Geteuid() == 0 { // whom nothing is forbidden
			cmd.Env = append(cmd.Env, asUser+"=65534")
		}
		return cmd
	}
	if os.Geteuid() == 0 {
		// The other user has to reach the model and the folder.
		for _, dir := range []string{out, filepath.Dir(out), model, filepath.Dir(model), filepath.Dir(filepath.Dir(model))} {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := snapshot(t, out)
	refused(t, finish(t, as("lens", "the", "--model", model, "--json", filepath.Join(locked, "x.json"))), 1, "locked/x.json", "permission denied", "may write")
	refused(t, finish(t, as("lens", "the", "--model", model, "--npz", mine)), 1, "mine.json", "permission denied", "may write")
	unchanged(t, out, before)

	weights := filepath.Join(model, "model.safetensors")
	if err := os.Chmod(weights, 0); err != nil {
		t.Fatal(err)
	}
	refused(t, finish(t, as("lens", "the", "--model", model)), 1, "model.safetensors", "permission denied")
}

// TestFullDisk fills a disk of 64 kB.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no disk of one's own: %v", err)
	}
	defer unix.Unmount(disk, 0)
	model := tiny(t)
	for flag, name := range map[string]string{"json": "x.json", "csv": "x.csv", "npz": "x.npz", "plot": "x.svg"} {
		t.Run(flag, func(t *testing.T) {
			before := snapshot(t, disk)
			args := []string{"lens", strings.Repeat("q", tinyContext), "--model", model, "--top", "262", "--" + flag, filepath.Join(disk, name)}
			if flag == "plot" {
				// Its file is small, so the disk is filled before.
				defer os.Remove(put(t, disk, "filler", make([]byte, 60<<10)))
				before = snapshot(t, disk)
			}
			refused(t, golens(t, args...), 1, name, "no space left", "free some space")
			unchanged(t, disk, before)
		})
	}
}
