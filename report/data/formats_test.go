package data

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/golden"
)

func TestFormats(t *testing.T) {
	var b bytes.Buffer
	if err := WriteFormats(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "formats.md")
	if *golden.Update {
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, b.Bytes()) {
		t.Error("docs/formats.md does not say what the tables say; run go test ./report/data -run TestFormats -update")
	}
}

// The tables describe each name once, with letters that are explained, and the
// members that JSON leaves out by itself are those that it can be asked for.
func TestTables(t *testing.T) {
	seen := map[string]bool{}
	letters := ""
	for _, d := range Dims {
		letters += d.Letter
	}
	for _, f := range Fields {
		if seen[f.Name] {
			t.Errorf("%s stands twice", f.Name)
		}
		seen[f.Name] = true
		for _, l := range strings.Split(strings.Trim(f.Shape+","+f.Next, ","), ",") {
			if !strings.Contains(letters, l) {
				t.Errorf("%s has the unexplained letter %q", f.Name, l)
			}
		}
		if large := f.Name == "hidden" || f.Name == "logits"; large != f.Large {
			t.Errorf("%s: large is %v, and JSON has no option for it", f.Name, f.Large)
		}
	}
	for _, x := range Members {
		if seen[x.Name] {
			t.Errorf("%s stands twice", x.Name)
		}
		seen[x.Name] = true
	}
}
