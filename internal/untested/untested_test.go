package untested

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A package whose tests want what is not there, two of them the same.
const module = `package some

import (
	"testing"

	"github.com/golens/golens/internal/untested"
)

func TestOne(t *testing.T)   { untested.Missing(t, "there is no %s", "thing") }
func TestTwo(t *testing.T)   { untested.Missing(t, "there is no %s", "thing") }
func TestThree(t *testing.T) { untested.Here(t, "there is no GPU") }
`

// TestLoud runs go test on a package: it passes with one line for each reason, and fails
// where a machine has to have the thing.
func TestLoud(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file, overlay := filepath.Join(t.TempDir(), "some_test.go"), filepath.Join(t.TempDir(), "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "internal", "untested", "some", "some_test.go"): file}})
	if err := errors.Join(err, os.WriteFile(file, []byte(module), 0o666), os.WriteFile(overlay, list, 0o666)); err != nil {
		t.Fatal(err)
	}
	run := func(env ...string) (string, error) {
		c := exec.Command("go", "test", "-count=1", "-overlay", overlay, "./internal/untested/some")
		c.Dir = root
		for _, v := range os.Environ() {
			if name, _, _ := strings.Cut(v, "="); name != "CI" && name != "GOLENS_CI" {
				c.Env = append(c.Env, v)
			}
		}
		c.Env = append(c.Env, env...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	out, err := run()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if runtime.GOOS == "linux" && (strings.Count(out, "NOT TESTED in some: there is no thing\n") != 1 || strings.Count(out, "NOT TESTED in some: there is no GPU\n") != 1) {
		t.Errorf("it said %q", out)
	}
	for _, env := range []string{"CI=true", "GOLENS_CI=1"} {
		out, err := run(env)
		if err == nil || strings.Count(out, "--- FAIL: TestOne") != 1 || strings.Count(out, "--- FAIL") != 2 || !strings.Contains(out, "there is no thing (a machine where GOLENS_CI or CI is set has to have it)") {
			t.Errorf("%s: %v, %q", env, err, out)
		}
	}
}
