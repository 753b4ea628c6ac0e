package reference

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Script runs a Python script, a path from the test's folder, with the
// reference's interpreter and returns what it prints. env is its environment,
// nil for the test's own; stdin may be nil. Without the interpreter the test is
// skipped, or fails where the reference is required; it fails where the script
// does.
func Script(t testing.TB, env []string, stdin io.Reader, script string, args ...string) []byte {
	t.Helper()
	folder, err := root()
	if err != nil {
		unavailable(t, err)
	}
	python, err := interpreter(folder)
	if err != nil {
		unavailable(t, err)
	}
	cmd := exec.Command(python, append([]string{script}, args...)...)
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = append(env, "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdin = stdin
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", script, strings.Join(args, " "), err, stderr.String())
	}
	return out
}
