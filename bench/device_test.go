package bench

import (
	"testing"

	"github.com/golens/golens/model"
)

// TestCount: the run that is counted is a whole one, which holds the device by itself; on
// the CPU it starts no kernel of a GPU, and copies nothing to one.
func TestCount(t *testing.T) {
	m, err := Shape{1, 64}.Open(model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, k := range Kinds {
		w, err := newWork(m, Settings{New: 2, Chunks: 2}.Defaults(), k, Exact, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.count(t.Context()); err != nil {
			t.Fatalf("%s: %v", w.Name(), err)
		}
		if *w.Device != (Device{}) || len(w.Seconds) > 0 {
			t.Errorf("%s: %+v, and %d times", w.Name(), *w.Device, len(w.Seconds))
		}
	}
}
