package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/report/data"
)

// A pairWriter writes the names of the arrays to one file, and their sizes to another
// that ends in -sizes.
type pairWriter struct{ names, sizes io.Writer }

func newPair(w io.Writer, o data.Options) data.Writer {
	sizes, err := o.Create("-sizes")
	if err != nil {
		return failedWriter{err}
	}
	return pairWriter{w, sizes}
}

func (p pairWriter) Write(b *data.Bundle) error {
	for _, a := range b.Arrays {
		fmt.Fprintln(p.names, a.Name)
		fmt.Fprintln(p.sizes, a.Dims)
	}
	return nil
}
func (p pairWriter) Close() error { return nil }

type failedWriter struct{ err error }

func (f failedWriter) Write(*data.Bundle) error { return f.err }
func (f failedWriter) Close() error             { return f.err }

// TestNewFormat: an entry in the table is a flag of every command whose results it can hold,
// and a format may have several files, which appear together or not at all.
func TestNewFormat(t *testing.T) {
	before := data.Formats
	t.Cleanup(func() { data.Formats = before })
	data.Formats = append(slices.Clone(before), data.Format{Name: "pair", Usage: "write a pair of files", Manifest: true, New: newPair})
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for command, args := range map[string][]string{
		"lens": {"lens", "Are cats"}, "diff": {"lens", "Are cats", "--diff", "--zero", "h.1.mlp"}, "hidden": {"hidden", "Are cats"},
		"sweep": {"sweep", "Are cats", "--zero", "--blocks", "1", "--target", "good"}, "generate": {"generate", "Are cats", "--max-new", "2"},
	} {
		name := command + ".txt"
		good(t, append(args, "--pair", at(name), "-q")...)
		names, sizes := strings.Fields(read(t, at(name))), strings.Split(strings.TrimSpace(read(t, at(command+"-sizes.txt"))), "\n")
		if len(names) != len(sizes) || !slices.Contains(names, "ids") {
			t.Errorf("%s: arrays %q of %q", command, names, sizes)
		}
		if help := good(t, args[0], "--help"); !strings.Contains(help, "write a pair of files") {
			t.Errorf("the help of %s lacks the format", command)
		}
	}
	if got := golens(t, "lens", "Are cats", "--pair", "-"); got.code != 1 || !strings.Contains(got.stderr, "several files") {
		t.Errorf("%+v", got)
	}
	// One file fails: none is left.
	if err := os.Mkdir(at("x-sizes.txt"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := golens(t, "lens", "Are cats", "--pair", at("x.txt"), "--json", at("x.json"), "-q"); got.code != 1 || !strings.Contains(got.stderr, "x-sizes.txt") {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"x.txt", "x.json"} {
		if _, err := os.Stat(at(name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}
