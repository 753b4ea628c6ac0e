package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A bad is a call that has to be refused. Args get a folder of the test's own, in
// which TestBadInput then looks for what should not be there.
type bad struct {
	name  string
	args  func(t *testing.T, dir string) []string
	stdin string
	code  int      // 2 for a wrong command line, 1 for anything else
	says  []string // parts of the message: what, on which input, why or what to do
}

// TestBadInput holds whatever a user can get wrong: the command line, the model,
// and the files that are read and written.
func TestBadInput(t *testing.T) {
	t.Setenv("HF_HUB_CACHE", filepath.Join(t.TempDir(), "hub"))
	t.Setenv("HF_HUB_OFFLINE", "1")
	for _, b := range slices.Concat(badCalls(), badPrompts(), badModels(), badArrays(), badOutputs()) {
		t.Run(b.name, func(t *testing.T) {
			dir := t.TempDir()
			args := b.args(t, dir)
			before := snapshot(t, dir)
			refused(t, golensWith(t, b.stdin, args...), b.code, b.says...)
			unchanged(t, dir, before)
		})
	}
}

// call makes the args of a bad that needs no folder.
func call(args ...string) func(*testing.T, string) []string {
	return func(*testing.T, string) []string { return args }
}

// refused checks how a run failed: its exit status, nothing on standard output, and
// one error on standard error, in words for people.
func refused(t *testing.T, got outcome, code int, says ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit status %d, want %d", got.code, code)
	}
	if got.out != "" {
		t.Errorf("standard output has %.200q", got.out)
	}
	message, hint, _ := strings.Cut(strings.TrimSuffix(got.stderr, "\n"), "\n")
	if !strings.HasPrefix(message, "golens: ") || len(message) < 15 || len(message) > 500 {
		t.Errorf("message: %q", message)
	}
	isHint := strings.HasPrefix(hint, "See golens ") && strings.HasSuffix(hint, "--help.") && !strings.Contains(hint, "\n")
	if (code == exitUsage) != isHint || code != exitUsage && hint != "" {
		t.Errorf("behind the message: %q", hint)
	}
	for _, part := range says {
		if !strings.Contains(message, part) {
			t.Errorf("message %q\nlacks %q", message, part)
		}
	}
	clean(t, got.stderr)
}

// clean checks that a text holds nothing that speaks to programmers.
func clean(t *testing.T, text string) {
	t.Helper()
	for _, trace := range []string{"panic", "goroutine", "runtime error", "c10", "Exception raised", "frame #", ".cc:", ".cpp:", ".go:", "%!", "<nil>", "terminate called"} {
		if strings.Contains(text, trace) {
			t.Errorf("%q in %q", trace, text)
		}
	}
}

// snapshot returns every file below a folder with its contents.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content := d.Type().String()
		if d.Type().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = string(b)
		}
		all[path] = content
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unchanged checks that nothing came, went or changed below a folder.
func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	after := snapshot(t, dir)
	for path, content := range after {
		if was, ok := before[path]; !ok || was != content {
			t.Errorf("%s was left behind or changed (%d bytes)", path, len(content))
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			t.Errorf("%s is gone", path)
		}
	}
}
