package data

import (
	"fmt"
	"io"
)

// A Bundle is a result as files have it: named arrays of numbers, with texts and
// objects that say what they are and what made them.
type Bundle struct {
	Members []Member // in front of the arrays: format, name, prompt, manifest, warnings and more
	Arrays  []Array
	Pieces  []Member // the tokens that the arrays name, by their ids in decimal; nil for none
	Table   *Table   // the same numbers, a line for each; nil for none
}

// A Member is a text, a list or an object of a Bundle.
type Member struct {
	Name   string
	Value  any  // a string, a list of type []any, or what encoding/json writes as an object
	Object bool // indented JSON gives each of its members a line
}

// An Array is one row-major array of a Bundle.
type Array struct {
	Name   string
	Dims   []int // none for a single number
	Values any   // []int64, []float32, []float64 or []bool of the product of Dims
	Large  bool  // JSON has it on request only
}

// A Table holds a result in the long form that data frames like.
type Table struct {
	Columns []string
	// Lines calls write with the fields of each line, which write must not keep.
	Lines func(write func(fields []string))
}

// NewBundle returns a bundle with the members that each has. format is the layout and its
// version, name is that of the result, prompts are the texts that were read.
func NewBundle(format, name string, prompts []string, manifest any, warnings []string, arrays ...Array) *Bundle {
	return &Bundle{Arrays: arrays, Members: []Member{
		{Name: "format", Value: format}, {Name: "name", Value: name}, {Name: "prompts", Value: texts(prompts)},
		{Name: "manifest", Value: manifest, Object: true}, {Name: "warnings", Value: texts(warnings)},
	}}
}

// texts returns a list for a Member.
func texts(of []string) []any { return list(of, func(s string) any { return Valid(s) }) }

func list[E any](of []E, value func(E) any) []any {
	out := make([]any, len(of))
	for i, v := range of {
		out[i] = value(v)
	}
	return out
}

// newArray returns an array of the given shape.
func newArray(name string, values any, dims ...int) Array {
	return Array{Name: name, Dims: dims, Values: values}
}

// check says which array does not fit its shape, or is there twice.
func (b *Bundle) check() error {
	seen := map[string]bool{}
	for _, a := range b.Arrays {
		want := 1
		for _, n := range a.Dims {
			want *= n
		}
		switch got := length(a.Values); {
		case seen[a.Name]:
			return fmt.Errorf("report: there are two arrays %s", a.Name)
		case got != want:
			return fmt.Errorf("report: %s holds %d values, but its shape %v needs %d", a.Name, got, a.Dims, want)
		}
		seen[a.Name] = true
	}
	return nil
}

// Write writes b alone to w in a format of Formats.
func (b *Bundle) Write(w io.Writer, f Format, o Options) error {
	if err := b.check(); err != nil {
		return err
	}
	to := f.New(w, o)
	if err := to.Write(b); err != nil {
		return err
	}
	return to.Close()
}
