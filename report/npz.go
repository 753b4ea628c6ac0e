package report

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/golens/golens/lens"
)

// An NPZ writes results as NumPy's .npz: a zip of one .npy a field, stored
// without compression, readable by numpy.load without pickle. The same results
// give the same bytes.
type NPZ struct {
	zip *zip.Writer
}

// NewNPZ returns a writer of an .npz to w. Close ends the file; it does not close w.
func NewNPZ(w io.Writer) *NPZ {
	return &NPZ{zip: zip.NewWriter(w)}
}

// Write adds the arrays of r, each under prefix + its name. A file of one result
// has the prefix "", a file of several "0/", "1/" and so on.
func (z *NPZ) Write(prefix string, r *lens.Result) error {
	fields, err := arrays(r)
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(r.Manifest)
	if err != nil {
		return fmt.Errorf("report: manifest of %s: %w", describe(r), err)
	}
	texts := map[string]string{
		"format": Format, "name": r.Name, "prompt": r.Prompt, "manifest": string(manifest),
	}
	if r.Written != nil {
		generation, err := json.Marshal(generationOf(r))
		if err != nil {
			return fmt.Errorf("report: generation of %s: %w", describe(r), err)
		}
		texts["generation"] = string(generation)
	}
	for _, t := range Texts {
		if text, ok := texts[t.Name]; ok && t.NPZ {
			if err := z.add(prefix+t.Name, nil, strings.ToValidUTF8(text, "\ufffd")); err != nil {
				return err
			}
		}
	}
	for _, f := range fields {
		if err := z.add(prefix+f.Name, f.dims, f.data); err != nil {
			return err
		}
	}
	return nil
}

// Close writes the directory at the end of the file.
func (z *NPZ) Close() error {
	if err := z.zip.Close(); err != nil {
		return fmt.Errorf("report: close NPZ: %w", err)
	}
	return nil
}

func (z *NPZ) add(name string, dims []int, data any) error {
	// A header without a time, so that the bytes depend on the result alone.
	w, err := z.zip.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err == nil {
		err = writeNPY(w, dims, data)
	}
	if err != nil {
		return fmt.Errorf("report: write %s to NPZ: %w", name, err)
	}
	return nil
}
