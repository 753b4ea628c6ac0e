package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeberg.org/sbinet/npyio/npz"
	"github.com/creack/pty"

	"github.com/golens/golens/internal/untested"
)

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
			if names := files(t, out); !slices.Equal(names, []string{"x.csv", "x.jsonl", "x.jsonl.checkpoint", "x.npz"}) {
				t.Fatalf("the folder holds %v", names)
			}
			finished(t, at, done)
		})
	}
}

// interruptAt runs a program whose standard error is a terminal, sends Ctrl-C as soon as the
// terminal shows what matches seen, and returns how the program ended. Standard error is
// what it said after the last line of progress.
func interruptAt(t *testing.T, cmd *exec.Cmd, seen string) outcome {
	t.Helper()
	terminal, tty, err := pty.Open()
	if err != nil {
		untested.Missing(t, "no terminal to be had: %v", err)
	}
	defer terminal.Close()
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, tty
	cmd.Env = append(cmd.Env, "TERM=dumb")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	timeout := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	progress, sent := regexp.MustCompile(seen), false
	var said []byte
	for part := make([]byte, 4096); ; {
		n, err := terminal.Read(part)
		said = append(said, part[:n]...)
		if !sent && progress.Match(said) {
			sent = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil { // the program has ended
			break
		}
	}
	cmd.Wait()
	text := strings.ReplaceAll(string(said), "\r\n", "\n")
	if !sent {
		t.Fatalf("the terminal never showed %s: %.2000q", seen, text)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), text[strings.LastIndex(text, "\x1b[K")+len("\x1b[K"):]}
}

// waitForResults waits until the first temporary file holds something.
func waitForResults(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	for range 3000 {
		temporary, _ := filepath.Glob(filepath.Join(dir, ".x.*"))
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
