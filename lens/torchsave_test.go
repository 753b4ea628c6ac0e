package lens_test

import (
	"path/filepath"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// TestTorchSave reads checkpoints of pytorch_model.bin, of old files and new ones and of
// shards, and compares every statistic with transformers, which reads the same files.
func TestTorchSave(t *testing.T) {
	for _, c := range checkpoints[:2] {
		from := reference.Model(t, c.name, c.options...)
		for _, form := range []string{"zip", "legacy", "shards"} {
			dir := t.TempDir()
			reference.Script(t, nil, nil, "testdata/torchsave.py", from, dir, form)
			t.Run(c.name+"/"+form, func(t *testing.T) {
				m := open(t, dir, model.SDPA)
				if len(m.Warnings) > 0 {
					t.Errorf("warnings: %q", m.Warnings)
				}
				for _, T := range []int{1, 14, 16} {
					withThreads(t, 2, func(t *testing.T) { compare(t, dir, m, T, 2, lens.Notebook) })
				}
				name := "pytorch_model.bin"
				if form == "shards" {
					name += ".index.json"
				}
				one := open(t, filepath.Join(dir, name), model.SDPA) // a file means its folder
				if one.Dir != dir {
					t.Errorf("the folder is %s, want %s", one.Dir, dir)
				}
				withThreads(t, 2, func(t *testing.T) { compare(t, dir, one, 3, 2, lens.Notebook) })
			})
		}
	}
}
