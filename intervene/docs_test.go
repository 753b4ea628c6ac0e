package intervene_test

import (
	"os"
	"strings"
	"testing"

	"github.com/golens/golens/intervene"
)

// TestDocs: docs/interventions.md has the table of kinds as it is.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../docs/interventions.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := intervene.DocTable(); !strings.Contains(string(b), table) {
		t.Errorf("docs/interventions.md lacks the table of kinds:\n%s", table)
	}
}
