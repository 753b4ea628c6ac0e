package config

import (
	"os"
	"strings"
	"testing"
)

// TestDocs: docs/families.md has a line for each family, and the worked example as it is.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/families.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range families {
		if !strings.Contains(string(doc), "| `"+name+"` |") {
			t.Errorf("docs/families.md has no line for %s", name)
		}
	}
	source, err := os.ReadFile("gptneox.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "package config\n\n")
	if !strings.Contains(string(doc), "```go\n"+code+"```") {
		t.Error("docs/families.md shows another gptneox.go")
	}
}
