package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const foreignProgram = `package main

import (
	"context"
	"fmt"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

func main() {
	m, err := model.Open("", model.Options{})
	if err != nil {
		panic(err)
	}
	defer m.Close()
	r, err := lens.Read(context.Background(), m, []int64{464, 835}, lens.Options{Top: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(r.TopIDs), r.Manifest.Libtorch)
}
`

// TestForeignModule builds and runs a program of another module with the flags that
// golens env prints, without a network: what golens requires must be enough.
func TestForeignModule(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the C++ part once more, the first time")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "main.go", []byte(foreignProgram))
	put(t, dir, "go.sum", sums)
	put(t, dir, "go.mod", []byte("module example.org/foreign\n\ngo 1.26\n\nrequire github.com/golens/golens v0.0.0\n\nreplace github.com/golens/golens => "+root+"\n"))
	script := `eval "$("$GOLENS" env)" && exec go run -tags libtorch_env .`
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), asProgram+"=1", "GOLENS="+self, "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "CGO_CXXFLAGS=", "CGO_LDFLAGS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if rows, version, _ := strings.Cut(strings.TrimSpace(string(out)), " "); rows != "26" || version == "" {
		t.Errorf("the foreign program says %q", out)
	}
}
