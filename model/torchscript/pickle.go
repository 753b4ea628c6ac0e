package torchscript

import (
	"fmt"
	"strings"

	"github.com/golens/golens/model/pickle"
)

// checkPickle walks over the instructions of a pickle. It refuses those that PyTorch does not
// write, and numbers that would have libtorch set aside far more memory than the pickle's own
// size accounts for.
func checkPickle(text string) error {
	r := pickle.NewReader(strings.NewReader(text), int64(len(text)))
	for {
		i, err := r.Next()
		if err != nil {
			return fmt.Errorf("at byte %d: %w", i.At, err)
		}
		// libtorch keeps a table as long as the largest place; each entry costs a byte of
		// the pickle, or more.
		if place, ok := i.Place(); ok && place > int64(len(text)) {
			return fmt.Errorf("at byte %d it numbers an object %d, and it has room for %d", i.At, place, len(text))
		}
		if i.Op == '.' {
			return nil
		}
	}
}
