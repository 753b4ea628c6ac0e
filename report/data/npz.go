package data

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/golens/golens/report/data/npy"
)

// NPZ is NumPy's format of several arrays.
var NPZ = Format{Name: "npz", Usage: "write NumPy's .npz", Manifest: true,
	New: func(w io.Writer, o Options) Writer { return &npzFile{zip: newStoredZip(w), several: o.Several} }}

// An npzFile writes results as NumPy's .npz: a zip of one .npy for each array, stored
// without compression, readable by numpy.load without pickle and from front to back.
// The same results give the same bytes.
//
// Texts come behind all numbers: simple readers such as cnpy take numbers from front to
// back, and end at the first text, whose type they do not know.
type npzFile struct {
	zip     *storedZip
	several bool // the names of each result's arrays have its number in front: "0/", "1/"
	results int
	texts   []npzText // that Close writes
}

type npzText struct{ name, text string }

func (z *npzFile) Write(b *Bundle) error {
	prefix := ""
	if z.several {
		prefix = strconv.Itoa(z.results) + "/"
	}
	z.results++
	for _, a := range b.Arrays {
		if err := z.add(prefix+a.Name, a.Dims, a.Values); err != nil {
			return err
		}
	}
	for _, m := range b.Members {
		if !slices.ContainsFunc(Members, func(d MemberDoc) bool { return d.Name == m.Name && d.NPZ }) {
			continue
		}
		text, ok := m.Value.(string)
		if !ok {
			b, err := json.Marshal(m.Value)
			if err != nil {
				return fmt.Errorf("report: %s: %w", m.Name, err)
			}
			text = string(b)
		}
		z.texts = append(z.texts, npzText{prefix + m.Name, Valid(text)})
	}
	return nil
}

// Close writes the texts, and the directory at the end of the file.
func (z *npzFile) Close() error {
	for _, t := range z.texts {
		if err := z.add(t.name, nil, t.text); err != nil {
			return err
		}
	}
	if err := z.zip.close(); err != nil {
		return fmt.Errorf("report: close NPZ: %w", err)
	}
	return nil
}

func (z *npzFile) add(name string, dims []int, data any) error {
	if err := z.zip.add(name+".npy", func(w io.Writer) error { return npy.Write(w, dims, data) }); err != nil {
		return fmt.Errorf("report: write %s to NPZ: %w", name, err)
	}
	return nil
}
