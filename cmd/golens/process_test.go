package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
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

// TestAutoDevice: a driver that does not work is told, and stands in the manifest; that there
// is no GPU is nothing to tell.
func TestAutoDevice(t *testing.T) {
	for _, c := range []struct {
		answer int
		note   string
	}{
		{999, "--device auto takes cpu: torch: open cuda: the NVIDIA driver does not work (it answers with error 999): does nvidia-smi?; golens doctor --device cuda tells more"},
		{100, ""}, // CUDA_ERROR_NO_DEVICE
	} {
		dir := t.TempDir()
		cc := exec.Command("g++", "-shared", "-fPIC", "-xc", "-o", dir+"/libcuda.so.1", "-")
		cc.Stdin = strings.NewReader(fmt.Sprintf("int cuInit(unsigned flags) { return %d; }", c.answer))
		if out, err := cc.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		cmd := program(t, "lens", "the", "--model", tiny(t), "--device", "auto", "--json", "-")
		cmd.Env = append(cmd.Environ(), "LD_LIBRARY_PATH="+dir)
		got := finish(t, cmd)
		var r struct{ Manifest map[string]any }
		if err := json.Unmarshal([]byte(got.out), &r); err != nil {
			t.Fatalf("%v: %+v", err, got)
		}
		note, _ := r.Manifest["device_note"].(string)
		if got.code != 0 || note != c.note || r.Manifest["device"] != "cpu" || strings.Contains(got.stderr, "golens: warning: --device auto takes cpu: ") != (c.note != "") || c.note == "" && got.stderr != "" {
			t.Errorf("with error %d the manifest has %q, and stderr is %q", c.answer, note, got.stderr)
		}
	}
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
			// What is done stays for --resume.
			if names := slices.DeleteFunc(files(t, out), func(n string) bool { return n == "x.npz.checkpoint" }); len(names) > 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}
