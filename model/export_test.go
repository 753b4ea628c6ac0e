package model_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestExport writes an archive, reads it back in Go and runs it in Python.
func TestExport(t *testing.T) {
	oneThread(t)
	for _, name := range []string{"4x64-untied", "12x96"} {
		dir := reference.Model(t, name)
		for _, attention := range []model.Attention{model.SDPA, model.Eager} {
			if name == "12x96" && attention == model.Eager {
				continue // the large vocabulary once
			}
			path := filepath.Join(t.TempDir(), "m.pt")
			m := open(t, dir, model.Options{Attention: attention})
			if err := m.Export(path); err != nil {
				t.Fatal(err)
			}
			a := open(t, path, model.Options{})
			if a.Sizes != m.Sizes || a.Tied() != m.Tied() || a.Attention != attention {
				t.Errorf("%s: read back as %+v, want %+v", name, a.Sizes, m.Sizes)
			}
			for _, p := range m.Points.Names() {
				if !a.Points.Has(p) {
					t.Errorf("%s: the archive has no point %s", name, p)
				}
			}
			if a.Layout.Norm != "ln_f" || a.Layout.Blocks[1] != m.Layout.Blocks[1] {
				t.Errorf("%s: layout %+v", name, a.Layout.Blocks[1])
			}
			for _, T := range lengths {
				equalHF(t, a, dir, string(attention), T)
				ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
				inPython := reference.RunArchive(t, path, ids, 1)
				want := reference.Forward(t, reference.Request{Model: dir, IDs: ids, Attention: string(attention), Aligned: true})["model_logits"]
				reference.Equal(t, "logits in Python", inPython.Float32, want)
			}
			sameDigest(t, a, dir)
			sameBlocks(t, a)
			left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
			if err != nil || len(left) != 2 {
				t.Errorf("%s: left %v, want the archive and its sidecar", name, left)
			}
			if err := a.Export(filepath.Join(t.TempDir(), "b.pt")); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("export of an archive: %v", err)
			}
		}
	}
}

// A sidecar of another export beside an archive, as a crash between the two files leaves
// them, is refused.
func TestExportInHalves(t *testing.T) {
	oneThread(t)
	dir := t.TempDir()
	var path [2]string
	for i, name := range []string{"4x64-untied", "3x768"} {
		path[i] = filepath.Join(dir, name+".pt")
		if err := open(t, reference.Model(t, name), model.Options{}).Export(path[i]); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path[1] + model.SidecarExt)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path[0]+model.SidecarExt, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := model.Open(path[0], model.Options{}); err == nil || !strings.Contains(err.Error(), "is of another archive") {
		t.Errorf("an archive with the sidecar of another: %v", err)
	}
	open(t, path[1], model.Options{})
}

// sameBlocks runs an archive of our own block by block.
func sameBlocks(t *testing.T, m *model.Model) {
	t.Helper()
	if !m.Apart() {
		t.Error("the blocks of an archive of our own cannot be run apart")
	}
	ids := reference.IDs(5, 9, m.Sizes.Vocab)
	err := m.Hold(context.Background(), func(s model.Session) error {
		x, err := s.Embed(ids)
		for i := range m.Layout.Blocks {
			if err != nil {
				return err
			}
			next, e := s.Block(i, x)
			x.Close()
			x, err = next, e
		}
		if err != nil {
			return err
		}
		defer x.Close()
		y, err := s.Norm(x)
		if err != nil {
			return err
		}
		defer y.Close()
		run, err := s.Trunk(ids, nil)
		if err != nil {
			return err
		}
		defer run.Close()
		if !slices.Equal(floats(t, y), floats(t, run.Results[0])) {
			t.Error("block by block is not the whole")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestImport goes back from archives to folders, which transformers loads.
func TestImport(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.Options{})
	ids := reference.IDs(2, 14, m.Sizes.Vocab)
	want := reference.Forward(t, reference.Request{Model: dir, IDs: ids, Aligned: true})["model_logits"]
	for _, kind := range []string{"golens", "trace", "script", "wrapped"} {
		path, out, config := filepath.Join(t.TempDir(), "m.pt"), filepath.Join(t.TempDir(), "folder"), ""
		if kind == "golens" {
			if err := m.Export(path); err != nil {
				t.Fatal(err)
			}
		} else {
			reference.Archive(t, kind, dir, "sdpa", path)
		}
		if kind == "wrapped" {
			err := model.Import(path, out, "", model.Names{})
			if err == nil || !strings.Contains(err.Error(), "number of heads") {
				t.Errorf("import without a configuration: %v", err)
			}
			config = filepath.Join(dir, "config.json")
		}
		if err := model.Import(path, out, config, model.Names{}); err != nil {
			t.Fatal(err)
		}
		sameDigest(t, open(t, out, model.Options{}), dir)
		got := reference.Forward(t, reference.Request{Model: out, IDs: ids, Aligned: true})["model_logits"]
		reference.EqualArrays(t, kind+" in transformers", got, want)
		if err := model.Import(path, out, config, model.Names{}); err == nil || !strings.Contains(err.Error(), "is not empty") {
			t.Errorf("import over a folder: %v", err)
		}
	}
}

// TestImportTied: a tied head is left out, and a configuration of other sizes is refused.
func TestImportTied(t *testing.T) {
	m := open(t, "", model.Options{})
	path := filepath.Join(t.TempDir(), "m.pt")
	if err := m.Export(path); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "folder")
	if err := model.Import(path, out, "", model.Names{}); err != nil {
		t.Fatal(err)
	}
	back := open(t, out, model.Options{})
	a, _ := m.Digest()
	b, err := back.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if m.StoredTypes()["F32"] > 0 && a != b {
		t.Errorf("the folder's digest is %s, the model's %s", b, a)
	}
	if !back.Tied() || back.Sizes != m.Sizes {
		t.Errorf("came back as %+v, tied %v", back.Sizes, back.Tied())
	}
	if _, err := back.Tokenizer(); err != nil {
		t.Error(err)
	}
	var c map[string]any
	raw, err := os.ReadFile(filepath.Join(out, "config.json"))
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	c["n_embd"] = m.Sizes.Width * 2
	if raw, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(wrong, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "none")
	if err := model.Import(path, none, wrong, model.Names{}); err == nil || !strings.Contains(err.Error(), "has the shape") {
		t.Errorf("a configuration of other sizes: %v", err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a folder is left of an import that failed")
	}
}
