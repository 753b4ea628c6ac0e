package model_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
)

// TestScriptTokenizer: export_gpt2.py names GPT-2's tokenizer, and copies another.
func TestScriptTokenizer(t *testing.T) {
	gpt2, err := token.GPT2()
	if err != nil {
		t.Fatal(err)
	}
	for _, own := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "folder")
		if err := os.CopyFS(dir, os.DirFS(reference.Model(t, "4x64-untied"))); err != nil {
			t.Fatal(err)
		}
		if err := gpt2.Save(dir); err != nil {
			t.Fatal(err)
		}
		want := gpt2.Digest()
		left := []string{"m.pt", "m.pt.json"}
		if own {
			left = append(left, "m.tokenizer")
			want = swapMerges(t, dir)
		}
		path := filepath.Join(t.TempDir(), "m.pt")
		reference.Archive(t, "script", dir, "sdpa", path)
		var got []string
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, left) {
			t.Errorf("the script left %v, want %v", got, left)
		}
		tok, err := open(t, path, model.Options{}).Tokenizer()
		if err != nil || tok.Digest() != want {
			t.Errorf("own %v: the archive's tokenizer is another (%v)", own, err)
		}
		if tok, err := model.OpenTokenizer(path, nil); err != nil || tok.Digest() != want {
			t.Errorf("own %v: without weights it is another (%v)", own, err)
		}
	}
}

// swapMerges exchanges a folder's last two merges, and returns the digest of the tokenizer that this makes.
func swapMerges(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "merges.txt")
	merges, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(merges)), "\n")
	slices.Reverse(lines[len(lines)-2:])
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tok, err := token.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok.Digest()
}
