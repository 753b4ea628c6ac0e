package kernel

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/golens/golens/internal/untested"
)

// onOldProcessor is set in the process that TestOldProcessor starts.
const onOldProcessor = "GOLENS_TEST_OLD_PROCESSOR"

// TestOldProcessor: on a processor without AVX, which an emulator has, no instruction is illegal,
// and the plain kernels compute what they are to.
func TestOldProcessor(t *testing.T) {
	if os.Getenv(onOldProcessor) != "" {
		if s := Sets(); len(s) != 1 || s[0].Name() != "plain" || len(X3()) > 0 {
			t.Errorf("a processor without AVX has %d sets, the first is %s", len(s), s[0].Name())
		}
		return
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("there is one instruction set here")
	}
	emulator, err := exec.LookPath("qemu-x86_64")
	if err != nil {
		untested.Here(t, "there is no qemu-x86_64 (Debian: qemu-user), on which kernels run without AVX")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(emulator, "-cpu", "Nehalem", self, "-test.v", "-test.run", "^(TestOldProcessor|TestGELU|TestReadoutExtremes|TestSelect|TestWrongQueries)$")
	cmd.Env = append(os.Environ(), onOldProcessor+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count("\n"+string(out), "\n--- PASS: ") != 5 {
		t.Errorf("%v\n%s", err, out)
	}
}
