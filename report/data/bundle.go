package data

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// A Bundle is a result that is no lens: arrays by name, what made them, and texts.
type Bundle struct {
	Format   string   // the layout and its version, such as "golens-study-1"
	Name     string   // of the result, such as the study's
	Prompts  []string // the texts that were read
	Manifest any      // written as JSON, in NPZ as its text
	Warnings []string
	Arrays   []NamedArray
}

// A NamedArray is one row-major array of a Bundle.
type NamedArray struct {
	Name   string
	Dims   []int // none for a single number
	Values any   // []int64, []float32, []float64 or []bool of the product of Dims
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
			return fmt.Errorf("report: %s has two arrays %s", b.Name, a.Name)
		case got != want:
			return fmt.Errorf("report: %s of %s holds %d values, but its shape %v needs %d", a.Name, b.Name, got, a.Dims, want)
		}
		seen[a.Name] = true
	}
	return nil
}

// NPZ writes b as NumPy's .npz, as the type NPZ does for a lens.
func (b *Bundle) NPZ(w io.Writer) error {
	if err := b.check(); err != nil {
		return err
	}
	manifest, err := json.Marshal(b.Manifest)
	if err != nil {
		return fmt.Errorf("report: manifest of %s: %w", b.Name, err)
	}
	z := NewNPZ(w)
	for _, a := range b.Arrays {
		if err := z.add(a.Name, a.Dims, a.Values); err != nil {
			return err
		}
	}
	z.text("format", b.Format)
	z.text("name", b.Name)
	z.text("manifest", string(manifest))
	return z.Close()
}

// JSON writes b as one object, with the same names. Floats read back to the same
// float32 or float64; NaN and infinities are strings.
func (b *Bundle) JSON(w io.Writer) error {
	if err := b.check(); err != nil {
		return err
	}
	j := &jsonWriter{w: bufio.NewWriterSize(w, 1<<16)}
	j.open('{')
	j.member("format", b.Format)
	j.member("name", b.Name)
	j.list("prompts", len(b.Prompts), func(i int) any { return Valid(b.Prompts[i]) })
	j.object("manifest", b.Manifest)
	j.list("warnings", len(b.Warnings), func(i int) any { return Valid(b.Warnings[i]) })
	for _, a := range b.Arrays {
		j.key(a.Name)
		if len(a.Dims) == 0 {
			j.element(a.Values, 0)
			continue
		}
		j.array(a.Dims, a.Values, 0)
	}
	j.close('}')
	j.raw('\n')
	if j.err == nil {
		j.err = j.w.Flush()
	}
	if j.err != nil {
		return fmt.Errorf("report: write JSON: %w", j.err)
	}
	return nil
}
