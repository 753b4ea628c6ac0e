package report

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

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/terminal"
)

func npzBytes(t *testing.T, results ...*lens.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	z := NewNPZ(&b)
	for i, r := range results {
		prefix := ""
		if len(results) > 1 {
			prefix = fmt.Sprintf("%d/", i)
		}
		if err := z.Write(prefix, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Another library reads every array with its type, its shape and its bits.
func TestNPZReadBack(t *testing.T) {
	for _, r := range []*lens.Result{plain(), hard(), writtenResult(5)} {
		b := npzBytes(t, r)
		in, err := npz.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := arrays(r)
		if err != nil {
			t.Fatal(err)
		}
		texts := 0
		for _, x := range Texts {
			if x.NPZ && (x.Name != "generation" || r.Written != nil) {
				texts++
			}
		}
		if got := len(in.Keys()); got != len(want)+texts {
			t.Errorf("%d members, want %d arrays and %d texts: %v", got, len(want), texts, in.Keys())
		}
		for _, a := range want {
			h := in.Header(a.Name + ".npy")
			if !slices.Equal(h.Descr.Shape, a.dims) || h.Descr.Fortran {
				t.Errorf("%s: header %v, want shape %v in C order", a.Name, h, a.dims)
			}
			switch data := a.data.(type) {
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

// Data begins at a multiple of 64 bytes of its member, and the header's length
// is as it says, for shapes of every length.
func TestNPYHeader(t *testing.T) {
	for _, c := range []struct {
		dims []int
		want string
	}{
		{nil, "'shape': ()"},
		{[]int{7}, "'shape': (7,)"},
		{[]int{13, 14, 5}, "'shape': (13, 14, 5)"},
		{[]int{0, 3}, "'shape': (0, 3)"},
		{[]int{1234567890, 1234567890, 1234567890}, "'shape': (1234567890, 1234567890, 1234567890)"},
	} {
		h := npyHeader("<f4", c.dims)
		if len(h)%npyAlign != 0 || int(binary.LittleEndian.Uint16(h[8:]))+10 != len(h) || h[len(h)-1] != '\n' {
			t.Errorf("header of %v is %q", c.dims, h)
		}
		if !strings.Contains(string(h), c.want) {
			t.Errorf("header of %v is %q, want %s in it", c.dims, h, c.want)
		}
	}
}

func TestNPZIsDeterministic(t *testing.T) {
	if !bytes.Equal(npzBytes(t, hard()), npzBytes(t, hard())) {
		t.Error("the same result gave different bytes")
	}
}

func TestNPZOfSeveral(t *testing.T) {
	b := npzBytes(t, plain(), hard())
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
	r := hard()
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
	want, err := arrays(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range want {
		bits, err := binary.Append(nil, binary.LittleEndian, a.data)
		if err != nil {
			t.Fatal(err)
		}
		dims := []any{}
		for _, n := range a.dims {
			dims = append(dims, float64(n))
		}
		shown := fmt.Sprint([3]any{string(a.DType), dims, float64(crc32.ChecksumIEEE(bits))})
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
	r := plain()
	r.Entropy = r.Entropy[1:]
	z := NewNPZ(&bytes.Buffer{})
	for what, err := range map[string]error{
		"NPZ":  z.Write("", r),
		"JSON": JSON(&bytes.Buffer{}, r, JSONOptions{}),
		"CSV":  NewCSV(&bytes.Buffer{}).Write(r),
	} {
		if err == nil || !strings.Contains(err.Error(), "entropy") || !strings.Contains(err.Error(), "142 values") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// failing is a writer that has room for some bytes only.
type failing struct{ room int }

var errFull = errors.New("no space left")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.room {
		n := f.room
		f.room = 0
		return n, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// Wherever the space ends, the writers say so.
func TestWritersReportErrors(t *testing.T) {
	r := hard()
	grid, err := LensGrid(r, GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(w *failing) error{
		"NPZ": func(w *failing) error {
			z := NewNPZ(w)
			return errors.Join(z.Write("", r), z.Close())
		},
		"JSON": func(w *failing) error { return JSON(w, r, JSONOptions{Hidden: true}) },
		"CSV": func(w *failing) error {
			c := NewCSV(w)
			return errors.Join(c.Write(r), c.Close())
		},
		"terminal": func(w *failing) error { return WriteLens(w, terminal.Terminal{}, r, GridOptions{}) },
		"svg":      func(w *failing) error { return figure.Write(w, "svg", grid, figure.Options{}) },
		"pdf":      func(w *failing) error { return figure.Write(w, "pdf", grid, figure.Options{}) },
		"png":      func(w *failing) error { return figure.Write(w, "png", grid, figure.Options{DPI: 20}) },
		"formats":  func(w *failing) error { return WriteFormats(w) },
	} {
		for _, room := range []int{0, 1, 1000, 5000} {
			if err := write(&failing{room}); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d bytes: %v", name, room, err)
			}
		}
	}
}
