package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/golens/golens/internal/similar"
)

// A MissingError says that the cache does not hold a model, or not all of it. Fetching it
// is what helps.
type MissingError struct {
	Err   error
	Model string // to fetch, with its revision: "gpt2@v2"
}

func (e *MissingError) Error() string { return e.Err.Error() }
func (e *MissingError) Unwrap() error { return e.Err }

// notCached returns the error for a model that the cache does not hold.
func notCached(model, revision, cache, variable string) error {
	where := cache
	if variable != "" {
		where += " (set by " + variable + ")"
	}
	if _, err := os.ReadDir(cache); errors.Is(err, fs.ErrNotExist) {
		return &MissingError{fmt.Errorf("find model %s: there is no Hugging Face cache at %s", model, where), fetchName(model, revision)}
	} else if err != nil {
		return fmt.Errorf("find model %s: read the Hugging Face cache: %w", model, err)
	}
	names, have := Similar(model, cache), cached(cache)
	switch {
	case len(names) > 0:
		where += "; models with similar names there: " + strings.Join(names, ", ")
	case len(have) > 0:
		where += fmt.Sprintf("; none of its %d models has a similar name", len(have))
	default:
		where += ", which holds no models"
	}
	return &MissingError{fmt.Errorf("find model %s: not in the Hugging Face cache %s", model, where), fetchName(model, revision)}
}

// Similar returns the models of a cache with names similar to name.
func Similar(name, cache string) []string { return near(name, cached(cache)) }

// near returns at most five of the names that come near to name, the nearest
// first: those that contain it or are contained in it, and those that differ in
// few letters. Capitals and, where only one of two names has it, the
// organization do not count.
func near(name string, names []string) []string {
	return similar.Nearest(slices.Sorted(slices.Values(names)), func(n string) float64 {
		a, b := strings.ToLower(name), strings.ToLower(n)
		if strings.Contains(a, "/") != strings.Contains(b, "/") {
			a, b = a[strings.LastIndex(a, "/")+1:], b[strings.LastIndex(b, "/")+1:]
		}
		edits := similar.Edits(a, b)
		if !similar.Related(a, b) && edits > max(2, len(a)/3) {
			return math.Inf(-1)
		}
		return -float64(edits)
	}, -math.MaxFloat64, 5)
}
