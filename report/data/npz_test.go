package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

func npzBytes(t *testing.T, results ...*lens.Result) []byte {
	t.Helper()
	return written(t, NPZ, Options{Several: len(results) > 1}, results...)
}

// Another library reads every array with its type, its shape and its bits.
func TestNPZReadBack(t *testing.T) {
	for _, r := range []*lens.Result{madeup.Plain(), madeup.Hard(), madeup.Written(5)} {
		b := npzBytes(t, r)
		in, err := npz.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := lensArrays(r)
		if err != nil {
			t.Fatal(err)
		}
		texts := 0
		for _, x := range Members {
			if x.NPZ && (x.Name != "generation" || r.Written != nil) {
				texts++
			}
		}
		if got := len(in.Keys()); got != len(want)+texts {
			t.Errorf("%d members, want %d arrays and %d texts: %v", got, len(want), texts, in.Keys())
		}
		for _, a := range want {
			h := in.Header(a.Name + ".npy")
			if !slices.Equal(h.Descr.Shape, a.Dims) || h.Descr.Fortran {
				t.Errorf("%s: header %v, want shape %v in C order", a.Name, h, a.Dims)
			}
			switch data := a.Values.(type) {
			case []int64:
				sameArray(t, in, a.Name, data)
			case []float32:
				sameArray(t, in, a.Name, data)
			case []bool:
				sameArray(t, in, a.Name, data)
			}
		}
	}
}

// sameArray reads an array and compares its bits, for which NaN equals itself.
func sameArray[E any](t *testing.T, in *npz.Reader, name string, want []E) {
	t.Helper()
	var got []E
	if err := in.Read(name+".npy", &got); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	bits := func(v []E) []byte {
		b, err := binary.Append(nil, binary.LittleEndian, v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(bits(got), bits(want)) {
		t.Errorf("%s reads back as %v, want %v", name, got, want)
	}
}

func TestNPZIsDeterministic(t *testing.T) {
	if !bytes.Equal(npzBytes(t, madeup.Hard()), npzBytes(t, madeup.Hard())) {
		t.Error("the same result gave different bytes")
	}
}

func TestNPZOfSeveral(t *testing.T) {
	b := npzBytes(t, madeup.Plain(), madeup.Hard())
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	for _, want := range []string{"0/ids.npy", "1/ids.npy", "1/hidden.npy", "0/manifest.npy"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %v", want, names)
		}
	}
}

// NumPy loads the file without pickle and sees the same bytes in each array.
func TestNPZInNumPy(t *testing.T) {
	r := madeup.Hard()
	r.Prompt = "a\U0001f600\xff"
	path := filepath.Join(t.TempDir(), "lens.npz")
	if err := os.WriteFile(path, npzBytes(t, r), 0o666); err != nil {
		t.Fatal(err)
	}
	out := python(t, `
import json, sys, zlib, numpy as np
z = np.load(sys.argv[1], allow_pickle=False)
d = {k: [str(z[k].dtype), list(z[k].shape), zlib.crc32(z[k].tobytes())] for k in z.files}
json.dump({"arrays": d, "prompt": str(z["prompt"]), "name": str(z["name"]), "manifest": json.loads(str(z["manifest"])),
           "order": all(z[k].flags.c_contiguous for k in z.files)}, sys.stdout)
`, path)
	var got struct {
		Arrays       map[string][3]any
		Prompt, Name string
		Manifest     lens.Manifest
		Order        bool
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want, err := lensArrays(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range want {
		bits, err := binary.Append(nil, binary.LittleEndian, a.Values)
		if err != nil {
			t.Fatal(err)
		}
		dims := []any{}
		for _, n := range a.Dims {
			dims = append(dims, float64(n))
		}
		shown := fmt.Sprint([3]any{strings.TrimPrefix(fmt.Sprintf("%T", a.Values), "[]"), dims, float64(crc32.ChecksumIEEE(bits))})
		if g := fmt.Sprint(got.Arrays[a.Name]); g != shown {
			t.Errorf("%s is %s in NumPy, want %s", a.Name, g, shown)
		}
	}
	if got.Prompt != "a\U0001f600\ufffd" || got.Name != r.Name || !got.Order {
		t.Errorf("prompt %q, name %q, C order %v", got.Prompt, got.Name, got.Order)
	}
	if fmt.Sprint(got.Manifest) != fmt.Sprint(r.Manifest) {
		t.Errorf("manifest %v, want %v", got.Manifest, r.Manifest)
	}
}

// A result whose arrays do not fit its shapes is refused with the array's name.
func TestArraysThatDoNotFit(t *testing.T) {
	r := madeup.Plain()
	r.Entropy = r.Entropy[1:]
	if _, err := Lens(r); err == nil || !strings.Contains(err.Error(), "entropy") || !strings.Contains(err.Error(), "142 values") {
		t.Error(err)
	}
}

// Wherever the space ends, the writers say so.
func TestWritersReportErrors(t *testing.T) {
	r := madeup.Hard()
	bundle, err := Lens(r)
	if err != nil {
		t.Fatal(err)
	}
	writers := map[string]func(w *synthetic.Disk) error{"formats": func(w *synthetic.Disk) error { return WriteFormats(w) }}
	for _, f := range Formats {
		writers[f.Name] = func(w *synthetic.Disk) error { return bundle.Write(w, f, Options{Large: []string{"hidden"}}) }
	}
	for name, write := range writers {
		for _, room := range []int{0, 1, 1000, 5000} {
			if err := write(&synthetic.Disk{Room: room}); !errors.Is(err, synthetic.ErrFull) {
				t.Errorf("%s with room for %d bytes: %v", name, room, err)
			}
		}
	}
}
