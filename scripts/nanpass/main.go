// Nanpass finds assertions of tests that a NaN passes: a failure behind `if d > tolerance`,
// which is false for NaN. It prints them and ends with status 1 where there is one. Packages
// are named as for go list.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nanpass:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, patterns []string) error {
	packages, err := list(patterns)
	if err != nil {
		return err
	}
	n := 0
	seen := map[string]bool{}
	for _, p := range packages {
		if p.ForTest == "" || strings.HasSuffix(p.ImportPath, ".test") {
			continue
		}
		found, err := p.check(packages)
		if err != nil {
			return err
		}
		for _, line := range found {
			if !seen[line] {
				seen[line] = true
				fmt.Fprintln(out, line)
				n++
			}
		}
	}
	if n > 0 {
		return fmt.Errorf("a NaN passes %d assertions: write !(d <= tolerance), or call package internal/approx", n)
	}
	return nil
}

// A listed package is what go list tells of one.
type listed struct {
	Dir, ImportPath, ForTest, Export string
	CompiledGoFiles                  []string
	ImportMap                        map[string]string
	DepsErrors                       []struct{ Err string }
}

// list returns the packages, their tests and all that they import, by import path.
func list(patterns []string) (map[string]*listed, error) {
	c := exec.Command("go", append([]string{"list", "-test", "-deps", "-export", "-compiled", "-json=Dir,ImportPath,ForTest,Export,CompiledGoFiles,ImportMap,DepsErrors"}, patterns...)...)
	c.Stderr = os.Stderr
	text, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	out := map[string]*listed{}
	for d := json.NewDecoder(strings.NewReader(string(text))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		out[p.ImportPath] = &p
	}
}

// check returns the assertions of a test package that a NaN passes, a line each.
func (p *listed) check(packages map[string]*listed) ([]string, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.CompiledGoFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.Dir, name)
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	exports := func(path string) (io.ReadCloser, error) {
		if to, ok := p.ImportMap[path]; ok {
			path = to
		}
		of := packages[path]
		if of == nil || of.Export == "" {
			return nil, fmt.Errorf("%s has no export data", path)
		}
		return os.Open(of.Export)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	path, _, _ := strings.Cut(p.ImportPath, " ")
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", exports), FakeImportC: true, GoVersion: ""}
	if _, err := conf.Check(path, fset, files, info); err != nil {
		return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
	}
	var found []string
	for _, f := range files {
		if name := fset.Position(f.Pos()).Filename; strings.HasSuffix(name, "_test.go") {
			found = append(found, passes(fset, f, info)...)
		}
	}
	return found, nil
}
