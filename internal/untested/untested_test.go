package untested

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestLoud runs go test on a package of skipped tests: it passes with one line for each
// reason, and fails where a machine has to have what is missing.
func TestLoud(t *testing.T) {
	run := func(env ...string) (string, error) {
		c := exec.Command("go", "test", "-count=1", "./testdata/some")
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
