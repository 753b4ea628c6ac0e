package model_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestMemory: reading a model takes no more memory at any time than its file has, or
// its weights in the type that is computed in where that is more, and a tenth.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		stored, dtype string
		times         float64 // the file's size, what may be taken
	}{{"bfloat16", "auto", 1}, {"bfloat16", "float32", 2}, {"float32", "auto", 1}, {"float32", "bfloat16", 1}} {
		t.Run(c.stored+" in "+c.dtype, func(t *testing.T) {
			dir := reference.Model(t, "3x768", "--dtype", c.stored)
			info, err := os.Stat(filepath.Join(dir, "model.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			open(t, dir, model.Options{DType: model.DType(c.dtype)}).Close() // what any first model needs stays
			if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
				t.Skipf("the peak of memory cannot be begun anew: %v", err)
			}
			before := status(t, "VmRSS")
			m, err := model.Open(dir, model.Options{DType: model.DType(c.dtype)})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			took, most := status(t, "VmHWM")-before, int64(1.1*c.times*float64(info.Size()))
			if took > most {
				t.Errorf("it took %d MB at most, where %d are allowed", took>>20, most>>20)
			}
		})
	}
}

// status returns a line of the process's own status in bytes.
func status(t *testing.T, name string) (bytes int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, line, _ := strings.Cut(string(text), "\n"+name+":")
	if _, err := fmt.Sscanf(line, "%d kB", &bytes); err != nil {
		t.Fatalf("no %s: %v", name, err)
	}
	return bytes << 10
}
