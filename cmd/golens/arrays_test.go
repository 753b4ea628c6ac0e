package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/report/data"
)

// A document is a JSON result: its arrays, and the members that are none.
type document struct {
	Format   string
	Name     string
	Prompt   string
	Warnings []string
	Manifest map[string]any
	Tokens   []struct {
		ID    int64
		Text  string
		Bytes []byte
	}
	Layers []struct {
		Row          int
		Point, Label string
	}
	Pieces  map[string]struct{ Text string }
	Targets struct {
		Next  bool
		Words []string
	}

	arrays reference.Arrays
}

// readJSON reads one result.
func readJSON(t *testing.T, text string) *document {
	t.Helper()
	d := &document{arrays: reference.Arrays{}}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatal(err)
	}
	for _, f := range data.Fields {
		if raw, ok := members[f.Name]; ok {
			d.arrays[f.Name] = arrayOf(t, f, raw)
		}
	}
	return d
}

// arrayOf reads nested lists of numbers.
func arrayOf(t *testing.T, f data.Field, raw json.RawMessage) reference.Array {
	t.Helper()
	a := reference.Array{}
	switch f.DType {
	case data.Int64:
		a.Int64 = []int64{}
	case data.Float32:
		a.Float32 = []float32{}
	case data.Bool:
		a.Bool = []bool{}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	flatten(t, f.Name, v, 0, &a)
	return a
}

func flatten(t *testing.T, name string, v any, depth int, a *reference.Array) {
	t.Helper()
	if list, ok := v.([]any); ok {
		if depth == len(a.Shape) {
			a.Shape = append(a.Shape, len(list))
		}
		if a.Shape[depth] != len(list) {
			t.Fatalf("%s: ragged lists", name)
		}
		for _, item := range list {
			flatten(t, name, item, depth+1, a)
		}
		return
	}
	var err error
	switch text := fmt.Sprint(v); {
	case a.Bool != nil:
		a.Bool = append(a.Bool, v.(bool))
	case a.Int64 != nil:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		a.Int64 = append(a.Int64, n)
	default:
		var x float64
		x, err = strconv.ParseFloat(text, 32)
		a.Float32 = append(a.Float32, float32(x))
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// readNPZ reads the arrays of a .npz whose names begin with prefix.
func readNPZ(t *testing.T, file, prefix string) reference.Arrays {
	t.Helper()
	z, err := npz.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := reference.Arrays{}
	for _, f := range data.Fields {
		key := prefix + f.Name + ".npy"
		if !slices.Contains(z.Keys(), key) {
			continue
		}
		a := reference.Array{Shape: z.Header(key).Descr.Shape}
		switch f.DType {
		case data.Int64:
			a.Int64 = []int64{}
			err = z.Read(key, &a.Int64)
		case data.Float32:
			a.Float32 = []float32{}
			err = z.Read(key, &a.Float32)
		case data.Bool:
			a.Bool = []bool{}
			err = z.Read(key, &a.Bool)
		}
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		out[f.Name] = a
	}
	return out
}

// lensJSON runs golens lens on a model with --json - and reads the result.
func lensJSON(t *testing.T, model string, args ...string) *document {
	t.Helper()
	args = append([]string{"lens", "--model", model, "--json", "-"}, args...)
	got := golens(t, args...)
	// Random models are folders without a tokenizer, of GPT-2's vocabulary.
	if got.code != 0 || got.stderr != "" && !(strings.Contains(got.stderr, "tokenizer") && strings.Count(got.stderr, "\n") == 1) {
		t.Fatalf("golens %q: exit status %d: %s", args, got.code, got.stderr)
	}
	return readJSON(t, got.out)
}
