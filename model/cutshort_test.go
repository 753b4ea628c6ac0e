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

// Weights that are cut short while they are mapped are an error of the next run. Reading
// them would end the process.
func TestWeightsCutShort(t *testing.T) {
	from, dir := reference.Model(t, "4x64-untied"), t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := open(t, dir, model.Options{})
	weights := filepath.Join(dir, "model.safetensors")
	info, err := os.Stat(weights)
	if err != nil {
		t.Fatal(err)
	}
	run := func() error {
		return m.Hold(t.Context(), func(s model.Session) error {
			r, err := s.Forward([]int64{1, 2, 3}, nil)
			if err == nil {
				r.Close()
			}
			return err
		})
	}
	if err := run(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(weights, 4096); err != nil {
		t.Fatal(err)
	}
	if err := run(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("it had %d bytes and has 4096", info.Size())) {
		t.Errorf("error %v", err)
	}
}
