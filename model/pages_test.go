package model_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestReleaseTrunk: the trunk's matrices go when they are released, the head's come when it
// is wanted, and a run that follows all the same has the bits of the first.
func TestReleaseTrunk(t *testing.T) {
	dir := reference.Model(t, "3x768")
	file, err := filepath.EvalSymlinks(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, dir, model.Options{})
	defer m.Close()
	trunk, head := int64(3*12*768*768)*4, int64(m.Sizes.Vocab)*768*4
	in := func() int64 {
		n, err := proc.Resident(file)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ids := reference.IDs(1, 14, m.Sizes.Vocab)
	run := func(s model.Session) string {
		r, err := s.Trunk(ids, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		text, err := torch.Bytes(r.Results[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	err = m.Hold(context.Background(), func(s model.Session) error {
		first := run(s)
		// Reading an embedding maps pages around it, which may be any of the head's.
		if n := in(); n < trunk || n > trunk+head/2 {
			t.Errorf("after a trunk of %d bytes %d are in memory, with the head's %d", trunk, n, head)
		}
		s.ReleaseTrunk()
		if n := in(); n > head/2 {
			t.Errorf("%d bytes stayed in memory", n)
		}
		u, err := m.Unembedding()
		if err != nil {
			return err
		}
		u.Close()
		for end := time.Now().Add(10 * time.Second); proc.Populates() && in() < head; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d bytes came of the head's %d", in(), head)
			}
		}
		if n := in(); n > head+trunk/2 {
			t.Errorf("the trunk came again with the head: %d bytes", n)
		}
		if run(s) != first {
			t.Error("a run after the last one has other bits")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
