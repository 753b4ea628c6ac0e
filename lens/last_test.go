package lens

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestLast: a reading that is the model's last one leaves the trunk out of memory. It has the
// numbers of any other, and so has one after it.
func TestLast(t *testing.T) {
	dir := reference.Model(t, "3x768")
	m := openModel(t, dir, model.Options{})
	file, err := filepath.EvalSymlinks(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	trunk, head := int64(3*12*768*768)*4, int64(m.Sizes.Vocab)*768*4
	ids := reference.IDs(3, 14, m.Sizes.Vocab)
	for _, fast := range []bool{false, true} {
		read := func(last bool) *Result {
			r, err := Read(context.Background(), m, ids, Options{Hidden: true, Fast: fast, Last: last})
			if err != nil {
				t.Fatal(err)
			}
			in, err := proc.Resident(file)
			if err != nil {
				t.Fatal(err)
			}
			if gone := in < head+trunk/2; gone != last {
				t.Errorf("fast %v, last %v: of %d bytes of the trunk and %d of the head %d are in memory", fast, last, trunk, head, in)
			}
			return r
		}
		want := read(false)
		for range 2 {
			if !reflect.DeepEqual(read(true), want) {
				t.Errorf("fast %v: a last reading has other numbers", fast)
			}
		}
	}
}
