package study_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/study"
)

// TestGenerationSettings: the study's text is written by the settings of the folder,
// and it says what of them is not applied.
func TestGenerationSettings(t *testing.T) {
	run := func(settings string) ([]int64, []string) {
		dir := t.TempDir()
		for _, name := range []string{"config.json", "model.safetensors"} {
			path, err := filepath.Abs(filepath.Join("..", "model", "defaultmodel", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, model.GenerationFile), []byte(settings), 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(dir, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := study.Find("generation")
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(context.Background(), m, study.Options{Compat: study.Fixed})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range out.Arrays {
			if a.Name == "sequence" {
				return a.Values.([]int64), out.Warnings
			}
		}
		t.Fatal("no sequence")
		return nil, nil
	}
	free, _ := run(`{}`)
	first := free[len(free)-10]
	other, warnings := run(fmt.Sprintf(`{"suppress_tokens": [%d], "num_beams": 2}`, first))
	if len(other) != 14 || slices.Equal(other, free) || !strings.Contains(fmt.Sprint(warnings), "num_beams 2") {
		t.Errorf("%v, without settings %v; warnings %q", other, free, warnings)
	}
}
