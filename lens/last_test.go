package lens

import (
	"context"
	"reflect"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestLast: a reading that is the model's last one has the numbers of any other, and one
// after it, too.
func TestLast(t *testing.T) {
	m := openModel(t, reference.Model(t, "3x768"), model.Options{})
	ids := reference.IDs(3, 14, m.Sizes.Vocab)
	for _, fast := range []bool{false, true} {
		read := func(last bool) *Result {
			r, err := Read(context.Background(), m, ids, Options{Hidden: true, Fast: fast, Last: last})
			if err != nil {
				t.Fatal(err)
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
