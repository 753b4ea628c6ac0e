package model_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/untested"
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
			if err := proc.ResetPeak(); err != nil {
				untested.Here(t, "the peak of memory cannot be begun anew: %v", err)
			}
			before := resident(t, "VmRSS")
			m, err := model.Open(dir, model.Options{DType: model.DType(c.dtype)})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			took, most := resident(t, "VmHWM")-before, int64(1.1*c.times*float64(info.Size()))
			if took > most {
				t.Errorf("it took %d MB at most, where %d are allowed", took>>20, most>>20)
			}
		})
	}
}

// resident returns a number of the process's memory, in bytes.
func resident(t *testing.T, name string) int64 {
	t.Helper()
	n, err := proc.Status(name)
	if err != nil {
		untested.Here(t, "%v", err)
	}
	return n
}
