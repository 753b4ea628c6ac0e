package kernel

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// clang ignores the pragma by which each file has its instructions: it is told so.
func TestClangRefused(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the pragma is for x86-64")
	}
	cxx := os.Getenv("CXX")
	if cxx == "" {
		cxx = "g++"
	}
	out, err := exec.Command(cxx, "-std=c++20", "-D__clang__", "-E", "avx2.cc").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "build with g++") {
		t.Errorf("as clang: %v\n%.300s", err, out)
	}
}
