package data

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data/npy"
)

// An NPZ writes results as NumPy's .npz: a zip of one .npy for each array, stored
// without compression, readable by numpy.load without pickle and from front to back.
// The same results give the same bytes.
//
// Texts come behind all numbers: simple readers such as cnpy take numbers from front to
// back, and end at the first text, whose type they do not know.
type NPZ struct {
	zip   *storedZip
	texts []npzText // that Close writes
}

type npzText struct{ name, text string }

// NewNPZ returns a writer of an .npz to w. Close ends the file; it does not close w.
func NewNPZ(w io.Writer) *NPZ {
	return &NPZ{zip: newStoredZip(w)}
}

// Write adds the arrays of r, each under prefix + its name. A file of one result
// has the prefix "", a file of several "0/", "1/" and so on.
func (z *NPZ) Write(prefix string, r *lens.Result) error {
	fields, err := Arrays(r)
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(r.Manifest)
	if err != nil {
		return fmt.Errorf("report: manifest of %s: %w", Describe(r), err)
	}
	texts := map[string]string{
		"format": Format, "name": r.Name, "prompt": r.Prompt, "manifest": string(manifest),
	}
	if r.Written != nil {
		generation, err := json.Marshal(GenerationOf(r))
		if err != nil {
			return fmt.Errorf("report: generation of %s: %w", Describe(r), err)
		}
		texts["generation"] = string(generation)
	}
	for _, f := range fields {
		if err := z.add(prefix+f.Name, f.Dims, f.Data); err != nil {
			return err
		}
	}
	for _, t := range Texts {
		if text, ok := texts[t.Name]; ok && t.NPZ {
			z.text(prefix+t.Name, text)
		}
	}
	return nil
}

// text keeps a text for Close.
func (z *NPZ) text(name, text string) {
	z.texts = append(z.texts, npzText{name, strings.ToValidUTF8(text, "\ufffd")})
}

// Close writes the texts, and the directory at the end of the file.
func (z *NPZ) Close() error {
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

func (z *NPZ) add(name string, dims []int, data any) error {
	if err := z.zip.add(name+".npy", func(w io.Writer) error { return npy.Write(w, dims, data) }); err != nil {
		return fmt.Errorf("report: write %s to NPZ: %w", name, err)
	}
	return nil
}
