package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// build builds a program of this module into a folder, with the tags of this test, and returns its path.
func build(t *testing.T, folder, name, pkg string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	args := []string{"build", "-o", path}
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			args = append(args, "-tags", s.Value)
		}
	}
	if out, err := exec.Command("go", append(args, pkg)...).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// TestWorks has the comparison's own tests run: all works in all ways, those of golens
// by this program, whose results must be equal up to rounding; and its parts.
func TestWorks(t *testing.T) {
	small := reference.Model(t, "12x96")
	env := append(os.Environ(), "GOLENS_PEER="+build(t, t.TempDir(), "peer", "."), "GOLENS_PEER_MODEL="+small)
	reference.Script(t, env, nil, filepath.Join("..", "..", "scripts", "bench_peers", "tests.py"))
}

// TestProgram runs the whole program on little, and looks at its tables.
func TestProgram(t *testing.T) {
	small := reference.Model(t, "12x96")
	folder := t.TempDir()
	build(t, folder, "golens", "../../cmd/golens")
	build(t, folder, "peer", ".")
	out := string(reference.Script(t, nil, nil, filepath.Join("..", "..", "scripts", "bench_peers.py"), "--quick", "--skip-peers",
		"--threads", "1", "--bin", folder, "--model", small, "--rows", "process,sweep14,hooks14", "--ways", "vectorised,exact,fast"))
	for _, want := range []string{
		`(?m)^.+; 1 thread; golens \S+, torch \S+, transformers \S+ The model: ` + regexp.QuoteMeta(small),
		`(?s)### Whole process.*\| PyTorch, vectorised \| .* s \| 1\.00 times \| \d+ MB \|\n\| golens, exact \| .*\| \d+ MB \|\n\| golens, fast \|`,
		`(?s)### Sweep of 12 blocks, one factor, 14 tokens.*\| golens, fast \|.*1 round\. Results differ by at most `,
		`(?s)### Copies of 12 blocks.*\| golens, exact \| [+-]\d+\.\d\d % \| [+-]\d+\.\d\d % to [+-]\d+\.\d\d % \| 6 \|`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s is not in\n%s", want, out)
		}
	}
	for _, bad := range []string{"Void", "failed"} {
		if strings.Contains(out, bad) {
			t.Errorf("%q is in\n%s", bad, out)
		}
	}
}
