// Package layers tests that the arrows between golens's packages point one way.
package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/golens/golens/"

// order lists rooms from top to bottom. A package may import packages of lower rooms and of its own
// room. A room holds the packages below its folder that have no room of their own. Packages in one
// line are on one level, and know nothing of each other.
var order = [][]string{
	{"cmd", "examples", "internal/peer", "scripts"},
	{"study"},
	{"report/page"},
	{"report"},
	{"bench", "selftest", "report/terminal", "report/data"},
	{"figure"},
	{"figure/draw", "figure/colormap"},
	{"sweep"},
	{"lens", "intervene"},
	{"model"},
	{"hooks"},
	{"torch/sumorder"},
	{"torch"},
	{"torch/kernel"},
	{"internal"},
}

// apart names packages that must not be reached from others, however indirectly: a
// user of figure gets a program without libtorch.
var apart = map[string][]string{
	"figure":       {"lens", "model", "hooks", "torch"},
	"torch/kernel": {"torch"},
}

// room returns the level of a package's room and the room's folder.
func room(pkg string) (int, string) {
	level, found := -1, ""
	for i, rooms := range order {
		for _, r := range rooms {
			if (pkg == r || strings.HasPrefix(pkg, r+"/")) && len(r) > len(found) {
				level, found = i, r
			}
		}
	}
	return level, found
}

// imports returns the packages of this module with what each imports of it, without
// what only tests import.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	out := map[string][]string{}
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
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		out[pkg] = append(out[pkg], nil...) // also one that imports nothing of ours
		for _, im := range f.Imports {
			name, err := strconv.Unquote(im.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(name, module); ok && !slices.Contains(out[pkg], own) {
				out[pkg] = append(out[pkg], own)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestArrowsPointOneWay(t *testing.T) {
	all := imports(t)
	if len(all) < 20 {
		t.Fatalf("found %d packages only", len(all))
	}
	for pkg, used := range all {
		level, own := room(pkg)
		if level < 0 {
			t.Errorf("package %s has no room: add it to order", pkg)
		}
		for _, u := range used {
			if below, other := room(u); own != other && below <= level {
				t.Errorf("%s imports %s: %s stands above it, or beside it", pkg, u, other)
			}
		}
	}
}

func TestWhatStandsApart(t *testing.T) {
	all := imports(t)
	for pkg, refused := range apart {
		reached := map[string]bool{}
		var walk func(string)
		walk = func(p string) {
			for _, u := range all[p] {
				if !reached[u] {
					reached[u] = true
					walk(u)
				}
			}
		}
		walk(pkg)
		if len(reached) == 0 && len(all[pkg]) > 0 {
			t.Fatalf("%s reaches nothing", pkg)
		}
		for _, r := range refused {
			if reached[r] {
				t.Errorf("%s reaches %s", pkg, r)
			}
		}
	}
}

// TestFigureLinksNoPlot: who draws golens's figures has gonum's palettes in the program, and not
// its plots and canvases, which package figure/gonum brings.
func TestFigureLinksNoPlot(t *testing.T) {
	deps := func(pkg string) []string {
		cmd := exec.Command("go", "list", "-deps", pkg)
		cmd.Dir = filepath.Join("..", "..")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	for _, plot := range []string{"gonum.org/v1/plot", "gonum.org/v1/plot/vg", "gonum.org/v1/plot/vg/draw"} {
		if slices.Contains(deps("./figure"), plot) {
			t.Errorf("figure links %s", plot)
		}
		if !slices.Contains(deps("./figure/gonum"), plot) {
			t.Errorf("figure/gonum does not link %s, so that this test shows nothing", plot)
		}
	}
}
