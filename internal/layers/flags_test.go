package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var flagInText = regexp.MustCompile("(^|[ \"'`(])--[a-z][a-z-]+")

// speaks lists the packages that may name flags: those of programs, and what runs the
// programs of others.
var speaks = []string{"cmd", "scripts", "internal/peer", "internal/libtorch", "internal/reference"}

// TestLibrariesKnowNoFlags: who calls a package from Go has no flags, so that no text of a
// package tells what to do with one. The command adds that, in cmd/golens/hints.go.
func TestLibrariesKnowNoFlags(t *testing.T) {
	root := filepath.Join("..", "..")
	files, found := 0, 0
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, filepath.Join(root, path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files++
		allowed := slices.ContainsFunc(speaks, func(room string) bool { return strings.HasPrefix(path, room+"/") })
		ast.Inspect(f, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING || !flagInText.MatchString(text.Value) {
				return true
			}
			if found++; !allowed {
				t.Errorf("%s:%d names a flag: %.90s", path, set.Position(text.Pos()).Line, text.Value)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 200 || found < 50 {
		t.Fatalf("%d files were read, with %d texts that name flags", files, found)
	}
}
