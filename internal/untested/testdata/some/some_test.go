// Package some has tests that want what is not there, two of them the same.
package some

import (
	"testing"

	"github.com/golens/golens/internal/untested"
)

func TestOne(t *testing.T)   { untested.Missing(t, "there is no %s", "thing") }
func TestTwo(t *testing.T)   { untested.Missing(t, "there is no %s", "thing") }
func TestThree(t *testing.T) { untested.Here(t, "there is no GPU") }
