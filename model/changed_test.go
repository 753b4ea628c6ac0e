package model_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// trunk returns the bytes of a model's normed states.
func trunk(t *testing.T, s model.Session, ids []int64) string {
	t.Helper()
	run, err := s.Trunk(ids, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	bytes, err := torch.Bytes(run.Results[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}

// TestReleaseTrunkKeepsChanges: a weight that was changed in place stays changed when the
// trunk's pages are given back.
func TestReleaseTrunkKeepsChanges(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(1, 9, m.Sizes.Vocab)
	err := m.Hold(t.Context(), func(s model.Session) error {
		before := trunk(t, s, ids)
		c, err := m.Points.Module("h.2.mlp.c_fc")
		if err != nil {
			return err
		}
		w, err := c.Parameter("weight")
		if err != nil {
			return err
		}
		defer w.Close()
		out, err := torch.NewProgram("Double", "def double(self, w: Tensor):\n    w.mul_(2.0)\n").Call("double", w)
		if err != nil || len(out) != 0 {
			return errors.Join(err, errors.New("the weight was not changed"))
		}
		changed := trunk(t, s, ids)
		if changed == before {
			t.Error("a weight that was changed in place changed nothing")
		}
		s.ReleaseTrunk()
		if again := trunk(t, s, ids); again != changed {
			t.Errorf("a run after ReleaseTrunk has other bits than one before it (those of the unchanged model: %v)", again == before)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFileCutShort: a run of a model whose file was cut short, or written to, is an error.
func TestFileCutShort(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"was cut short while it was in use": func(path string) error { return os.Truncate(path, 4096) },
		"was written to while it was in use": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{0}, 9999)
			later := time.Now().Add(3 * time.Second) // whatever the granularity of times is
			return errors.Join(err, f.Close(), os.Chtimes(path, later, later))
		},
	} {
		dir := filepath.Join(t.TempDir(), "model")
		if err := os.CopyFS(dir, os.DirFS(reference.Model(t, "4x64-untied"))); err != nil {
			t.Fatal(err)
		}
		m := open(t, dir, model.Options{})
		ids := reference.IDs(1, 5, m.Sizes.Vocab)
		path := filepath.Join(dir, "model.safetensors")
		err := m.Hold(t.Context(), func(s model.Session) error {
			trunk(t, s, ids)
			x, err := s.Embed(ids)
			if err != nil {
				return err
			}
			defer x.Close()
			if err := os.Chmod(path, 0o644); err != nil {
				return err
			}
			if err := change(path); err != nil {
				return err
			}
			for what, f := range map[string]func() (*hooks.Run, error){
				"Trunk": func() (*hooks.Run, error) { return s.Trunk(ids, nil) },
				"Begin": func() (*hooks.Run, error) {
					d, run, err := s.Begin(ids, nil)
					d.Close()
					return run, err
				},
				"Forward": func() (*hooks.Run, error) { return s.Forward(ids, nil) },
				"Resume":  func() (*hooks.Run, error) { return s.Resume(1, x, nil) },
				"Blocks":  func() (*hooks.Run, error) { return s.Blocks(0, 2, x, nil) },
			} {
				run, err := f()
				if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: %v, want %q and the path", what, err, name)
				}
				run.Close()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// Nothing of a model in another type lies in the file.
	dir := filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(dir, os.DirFS(reference.Model(t, "4x64-untied"))); err != nil {
		t.Fatal(err)
	}
	m := open(t, dir, model.Options{DType: "bfloat16"})
	if err := errors.Join(os.Chmod(filepath.Join(dir, "model.safetensors"), 0o644), os.Truncate(filepath.Join(dir, "model.safetensors"), 4096)); err != nil {
		t.Fatal(err)
	}
	if err := m.Hold(t.Context(), func(s model.Session) error { trunk(t, s, reference.IDs(1, 5, m.Sizes.Vocab)); return nil }); err != nil {
		t.Error(err)
	}
}

// TestStopped: a run ends within a block when its ctx is done, and what was run before still
// goes through norm and head.
func TestStopped(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(1, 9, m.Sizes.Vocab)
	ctx, cancel := context.WithCancel(t.Context())
	last := false
	h := &hooks.Registry{}
	h.Add("h.1.attn", hooks.Func("cancel", func(*torch.Tensor) (*torch.Tensor, error) {
		cancel()
		time.Sleep(10 * time.Millisecond) // until ctx's own goroutine has told
		return nil, nil
	}))
	h.Add("h.1", hooks.Func("see", func(*torch.Tensor) (*torch.Tensor, error) { last = true; return nil, nil }))
	err := m.Hold(ctx, func(s model.Session) error {
		x, err := s.Embed(ids)
		if err != nil {
			return err
		}
		defer x.Close()
		if _, err := s.Trunk(ids, h); !errors.Is(err, context.Canceled) || last {
			t.Errorf("a run that was cancelled in h.1.attn went through h.1 (%v): %v", last, err)
		}
		if _, err := s.Blocks(0, 1, x, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a run behind that: %v", err)
		}
		y, err := s.Head(x)
		if err != nil {
			return err
		}
		return y.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Hold(ctx, func(model.Session) error { return nil }); err != context.Canceled {
		t.Errorf("holding behind that: %v", err)
	}
}

// TestHoldWithin: a hook that starts a run gets an error.
func TestHoldWithin(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.Options{})
	h := &hooks.Registry{}
	h.Add("h.1", hooks.Func("run again", func(*torch.Tensor) (*torch.Tensor, error) {
		return nil, m.Hold(context.Background(), func(model.Session) error { return nil })
	}))
	err := m.Hold(t.Context(), func(s model.Session) error {
		_, err := s.Trunk([]int64{1, 2}, h)
		return err
	})
	var held *torch.HeldError
	if !errors.As(err, &held) || held.Device != torch.CPU {
		t.Errorf("got %v", err)
	}
}
