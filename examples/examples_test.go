// Package examples_test runs the programs of this folder.
package examples_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestExamples: each program is short, runs, and prints what output.txt beside it has; numbers, of
// two decimals, may round to the neighbour on another processor.
func TestExamples(t *testing.T) {
	programs, err := filepath.Glob("*/main.go")
	if err != nil || len(programs) != 5 {
		t.Fatalf("%v, %v", programs, err)
	}
	for _, path := range programs {
		name := filepath.Dir(path)
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), "\n"); n >= 40 {
				t.Errorf("it has %d lines, and is to have less than 40", n)
			}
			picture := filepath.Join(t.TempDir(), "figure.svg")
			args := []string{"run", "./" + name}
			if name == "figure" {
				args = append(args, picture)
			}
			cmd := exec.Command("go", args...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if name == "figure" {
				wellFormed(t, picture)
				return
			}
			want, err := os.ReadFile(filepath.Join(name, "output.txt"))
			if err != nil {
				t.Fatal(err)
			}
			got, expected := strings.Split(string(out), "\n"), strings.Split(string(want), "\n")
			if len(got) != len(expected) {
				t.Fatalf("it prints\n%s\nand not\n%s", out, want)
			}
			for i := range got {
				if !alike(got[i], expected[i]) {
					t.Errorf("line %d is %q, not %q", i+1, got[i], expected[i])
				}
			}
		})
	}
}

// alike compares two lines word by word, numbers within a hundredth or so.
func alike(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		v, errX := strconv.ParseFloat(x[i], 64)
		w, errY := strconv.ParseFloat(y[i], 64)
		if errX != nil || errY != nil {
			if x[i] != y[i] {
				return false
			}
		} else if !(math.Abs(v-w) <= 0.0101) {
			return false
		}
	}
	return true
}

func wellFormed(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	elements := 0
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
	if elements < 16 { // the cells
		t.Errorf("the figure has %d elements", elements)
	}
}
