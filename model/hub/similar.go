package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// notCached returns the error for a model that the cache does not hold.
func notCached(model, revision, cache, variable string) error {
	where := cache
	if variable != "" {
		where += " (set by " + variable + ")"
	}
	fetch := "fetch the model with: golens model fetch " + fetchName(model, revision) + ", or give a folder"
	if _, err := os.ReadDir(cache); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("find model %s: there is no Hugging Face cache at %s; %s", model, where, fetch)
	} else if err != nil {
		return fmt.Errorf("find model %s: read the Hugging Face cache: %w", model, err)
	}
	near, have := Similar(model, cache), cached(cache)
	switch {
	case len(near) > 0:
		where += "; models with similar names there: " + strings.Join(near, ", ")
	case len(have) > 0:
		where += fmt.Sprintf("; none of its %d models has a similar name", len(have))
	default:
		where += ", which holds no models"
	}
	return fmt.Errorf("find model %s: not in the Hugging Face cache %s; %s", model, where, fetch)
}

// Similar returns the models of a cache whose names come near to a name.
func Similar(name, cache string) []string { return similar(name, cached(cache)) }

// similar returns at most five of the names that come near to name, the nearest
// first: those that contain it or are contained in it, and those that differ in
// few letters. Capitals and, where only one of two names has it, the
// organization do not count.
func similar(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var list []candidate
	for _, n := range names {
		a, b := strings.ToLower(name), strings.ToLower(n)
		if strings.Contains(a, "/") != strings.Contains(b, "/") {
			a, b = a[strings.LastIndex(a, "/")+1:], b[strings.LastIndex(b, "/")+1:]
		}
		distance := smetrics.WagnerFischer(a, b, 1, 1, 1)
		if strings.Contains(a, b) || strings.Contains(b, a) || distance <= max(2, len(a)/3) {
			list = append(list, candidate{n, distance})
		}
	}
	slices.SortFunc(list, func(x, y candidate) int {
		if x.distance != y.distance {
			return x.distance - y.distance
		}
		return strings.Compare(x.name, y.name)
	})
	near := make([]string, 0, 5)
	for _, c := range list[:min(len(list), 5)] {
		near = append(near, c.name)
	}
	return near
}
