package model_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// smallArchive is a whole archive that opens, made without Python.
func smallArchive(t *testing.T) []byte {
	t.Helper()
	u, err := torch.NewUnit()
	if err != nil {
		t.Fatal(err)
	}
	var sc torch.Scope
	defer sc.Close()
	define := func(role, text string, slots ...torch.Slot) *torch.Module {
		m, err := u.Define(role, text, slots...)
		if err != nil {
			t.Fatal(err)
		}
		return torch.Keep(&sc, m)
	}
	const V, C = 5, 3
	values := make([]float32, V*C)
	for i := range values {
		values[i] = float32(i%7) - 2
	}
	w, err := torch.New(values, V, C)
	if err != nil {
		t.Fatal(err)
	}
	torch.Keep(&sc, w)
	same := "def forward(self, x: Tensor) -> Tensor:\n    return x\n"
	block := define("Block", "def forward(self, x: Tensor) -> Tensor:\n    return x + torch.tanh(x)\n")
	root := define("Model", `def forward(self, ids: Tensor) -> Tensor:
    x = self.drop.forward(torch.embedding(self.head.weight, ids))
    return self.head.forward(self.norm.forward(getattr(self.blocks, "0").forward(x)))
`, torch.Slot{Name: "drop", Value: define("Drop", same)},
		torch.Slot{Name: "blocks", Value: define("Holder", "", torch.Slot{Name: "0", Value: block})},
		torch.Slot{Name: "norm", Value: define("Norm", same)},
		torch.Slot{Name: "head", Value: define("Head", "def forward(self, x: Tensor) -> Tensor:\n    return torch.linear(x, self.weight)\n", torch.Slot{Name: "weight", Value: w})})
	path := filepath.Join(t.TempDir(), "m.pt")
	if err := root.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// opens writes data as an archive and opens it; the error must name the file.
func opens(t *testing.T, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.pt")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	live := torch.Live()
	m, err := model.Open(path, model.Options{})
	if err == nil {
		err = m.Close()
	}
	if n := torch.Live(); n != live {
		t.Errorf("%d tensors and modules are left", n-live)
	}
	if err == nil {
		return nil
	}
	if !strings.Contains(err.Error(), path) || strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("the error does not name the file, or has many lines: %v", err)
	}
	return err
}

// TestTruncated cuts a good archive at 200 places: each is an error, none a crash.
func TestTruncated(t *testing.T) {
	data := smallArchive(t)
	if err := opens(t, data); err != nil {
		t.Fatalf("the whole archive: %v", err)
	}
	for i := range 200 {
		if n := len(data) * i / 200; opens(t, data[:n]) == nil {
			t.Errorf("cut at byte %d of %d, it opened", n, len(data))
		}
	}
}

// TestMembers leaves out each member, and damages each by one bit.
func TestMembers(t *testing.T) {
	data := smallArchive(t)
	members := readZip(t, data)
	optional := func(name string) bool { // what libtorch does without
		return strings.HasSuffix(name, ".debug_pkl") || strings.HasSuffix(name, "byteorder") || strings.Contains(name, "/.data/")
	}
	for _, left := range members {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, m := range members {
			if m.name != left.name {
				m.write(t, w)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := opens(t, b.Bytes()); (err == nil) != optional(left.name) {
			t.Errorf("without %s: %v", left.name, err)
		}
		if len(left.data) == 0 || strings.Contains(left.name, "/data/") {
			continue // of tensors, the digest tells
		}
		at := bytes.Index(data, left.raw)
		bad := bytes.Clone(data)
		bad[at+len(left.raw)/2] ^= 1
		if err := opens(t, bad); err == nil {
			t.Errorf("with a bit of %s turned it opens", left.name)
		}
	}
}

type zipMember struct {
	name      string
	data, raw []byte
	method    uint16
}

func (m zipMember) write(t *testing.T, w *zip.Writer) {
	t.Helper()
	f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
	if err == nil {
		_, err = f.Write(m.data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readZip(t *testing.T, data []byte) []zipMember {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out []zipMember
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		m := zipMember{name: f.Name, method: f.Method}
		if m.data, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		raw, err := f.OpenRaw()
		if err == nil {
			m.raw, err = io.ReadAll(raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// TestBombs: what would unpack to far more than it is never reaches libtorch.
func TestBombs(t *testing.T) {
	build := func(f func(w *zip.Writer)) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	raw := func(w *zip.Writer, h zip.FileHeader, data []byte) {
		f, err := w.CreateRaw(&h)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"no archive", "not a whole zip file", []byte("not a zip at all")},
		{"empty file", "not a whole zip file", nil},
		{"empty zip", "has no data.pkl", build(func(*zip.Writer) {})},
		{"a packed giant", "unpacks to", build(func(w *zip.Writer) {
			raw(w, zip.FileHeader{Name: "m/data.pkl", Method: zip.Deflate, CompressedSize64: 3, UncompressedSize64: 1 << 40}, []byte("abc"))
		})},
		{"many packed ones", "unpack to more than", build(func(w *zip.Writer) {
			for i := range 9 {
				raw(w, zip.FileHeader{Name: fmt.Sprintf("m/code/%d.py", i), Method: zip.Deflate, CompressedSize64: 3, UncompressedSize64: 200 << 20}, []byte("abc"))
			}
		})},
		{"stored, and larger than it is", "packed in a way", build(func(w *zip.Writer) {
			raw(w, zip.FileHeader{Name: "m/data/0", Method: zip.Store, CompressedSize64: 3, UncompressedSize64: 1 << 40}, []byte("abc"))
		})},
		{"stored, past the file's end", "unpack to more than", build(func(w *zip.Writer) {
			raw(w, zip.FileHeader{Name: "m/data/0", Method: zip.Store, CompressedSize64: 1 << 40, UncompressedSize64: 1 << 40}, []byte("abc"))
		})},
		{"another packing", "packed in a way", build(func(w *zip.Writer) {
			raw(w, zip.FileHeader{Name: "m/data.pkl", Method: 12, CompressedSize64: 3, UncompressedSize64: 3}, []byte("abc"))
		})},
		{"one member twice", "twice", build(func(w *zip.Writer) {
			zipMember{name: "m/version", data: []byte("3")}.write(t, w)
			zipMember{name: "m/version", data: []byte("4")}.write(t, w)
		})},
		{"a member outside", "a member called", build(func(w *zip.Writer) { zipMember{name: "version"}.write(t, w) })},
		{"packed in truth to more than it says", "damaged", build(func(w *zip.Writer) {
			for _, name := range []string{"m/data.pkl", "m/constants.pkl", "m/version"} {
				var b bytes.Buffer
				z := zip.NewWriter(&b)
				zipMember{name: "x", data: make([]byte, 1<<20), method: zip.Deflate}.write(t, z)
				if err := z.Close(); err != nil {
					t.Fatal(err)
				}
				inner := readZip(t, b.Bytes())[0]
				raw(w, zip.FileHeader{Name: name, Method: zip.Deflate, CompressedSize64: uint64(len(inner.raw)), UncompressedSize64: 10}, inner.raw)
			}
		})},
	} {
		if err := opens(t, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
