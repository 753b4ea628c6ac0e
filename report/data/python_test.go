package data

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/golens/golens/internal/untested"
)

// python runs a program of the tests' Python on arguments and returns what it
// prints; without a Python that has NumPy, the test is skipped.
func python(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	exe := os.Getenv("GOLENS_PYTHON")
	if exe == "" {
		exe = filepath.Join("..", "..", ".venv", "bin", "python")
	}
	if err := exec.Command(exe, "-c", "import numpy").Run(); err != nil {
		untested.Missing(t, "no Python with NumPy at %s (%v): the file was checked by the Go reader only", exe, err)
	}
	cmd := exec.Command(exe, append([]string{"-c", program}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return out
}
