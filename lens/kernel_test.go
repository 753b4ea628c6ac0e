package lens

import (
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// Auto takes no kernel for special hardware whose tests have not passed there; with a record of
// a run it does. In exact mode it is the exact path.
func TestAuto(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(5, 6, m.Sizes.Vocab)
	exact, named := read(t, m, ids, Options{}), read(t, m, ids, Options{Kernel: Auto})
	if named.Manifest.Mode != "exact" || named.Manifest.Kernel != exact.Manifest.Kernel {
		t.Errorf("auto in exact mode is the kernel %s in mode %s", named.Manifest.Kernel, named.Manifest.Mode)
	}
	same(t, "logits", bitsOf(named.TopLogits), bitsOf(exact.TopLogits))
	for _, kernel := range []Kernel{X3, TF32X3} {
		if passed[kernel] == "" {
			if k := read(t, m, ids, Options{Fast: true, Kernel: Auto}).Manifest.Kernel; k == string(kernel) {
				t.Errorf("auto takes %s, for which there is no record", k)
			}
		}
	}
}
