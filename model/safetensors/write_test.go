package safetensors

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// fixtureTensors are those of testdata/small.safetensors.
func fixtureTensors() []Tensor {
	return []Tensor{
		Float32("wte.weight", []int64{3, 2}, []float32{0.5, -1.5, 2.25, 1e-20, float32(math.Inf(1)), float32(math.Copysign(0, -1))}),
		raw("h.0.half", F16, []int64{3}, "\x00\x3c\x00\xc1\xff\x7b"),
		raw("h.0.brain", BF16, []int64{2, 1}, "\x80\x3f\x20\xc0"),
		raw("scalar", F64, nil, "\x00\x00\x00\x00\x00\x00\x0a\x40"),
		raw("nothing", I64, []int64{0, 7}, ""),
		raw("mask", Bool, []int64{1, 3}, "\x01\x00\x01"),
		raw("naïve \"name\"\n", U8, []int64{1}, "*"),
	}
}

// TestWriteFile writes the fixture's tensors and compares every byte with the
// file that the format's own library wrote.
func TestWriteFile(t *testing.T) {
	want, err := os.ReadFile("testdata/small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := put(t, dir, "model.safetensors", []byte("an older file"))
	if err := WriteFile(path, map[string]string{"format": "pt"}, fixtureTensors()...); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrote %q (%v), want %q", got, err, want)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	// A file made in the ordinary way, which the process's umask shapes.
	plain, err := os.Stat(put(t, dir, "plain", nil))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != plain.Mode() {
		t.Errorf("mode %v, want %v", info.Mode(), plain.Mode())
	}
}

// TestWriteFileFails holds that a write that fails leaves the older file as it
// was and nothing beside it.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	path := put(t, dir, "model.safetensors", []byte("an older file"))
	broken := Tensor{"x", U8, []int64{1 << 21}, io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotest.ErrReader(io.ErrClosedPipe))}
	err := WriteFile(path, nil, Float32("a", []int64{1}, []float32{1}), broken)
	if !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `tensor "x"`) {
		t.Errorf("error is %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "an older file" {
		t.Errorf("the older file is now %q", got)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
	if hidden, _ := filepath.Glob(filepath.Join(dir, ".*")); len(hidden) != 0 {
		t.Errorf("the folder holds %v", hidden)
	}
	if err := WriteFile(filepath.Join(dir, "none", "f"), nil); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "weights: write "+dir) {
		t.Errorf("a folder that is missing gives %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		tensors []Tensor
		want    string
	}{
		{"short data", []Tensor{raw("a", F32, []int64{2}, "1234567")}, `tensor "a": data ends after 7 bytes, shape [2] of F32 takes 8`},
		{"long data", []Tensor{raw("a", F32, []int64{2}, "123456789")}, `tensor "a": data goes on after the 8 bytes of shape [2] of F32`},
		{"too few values", []Tensor{Float32("a", []int64{2}, []float32{1})}, `tensor "a": data ends after 4 bytes`},
		{"same name", []Tensor{raw("a", U8, []int64{1}, "x"), raw("b", U8, []int64{1}, "x"), raw("a", U8, []int64{1}, "x")}, `tensor "a": the name "a" occurs twice`},
		{"reserved name", []Tensor{raw("__metadata__", U8, []int64{1}, "x")}, `the format reserves this name`},
		{"invalid name", []Tensor{raw("\xff", U8, []int64{1}, "x")}, `invalid UTF-8`},
		{"dtype", []Tensor{raw("a", "float32", []int64{1}, "x")}, `tensor "a": unknown dtype "float32"`},
		{"negative", []Tensor{raw("a", U8, []int64{-1}, "x")}, `tensor "a": shape [-1] has the negative dimension -1`},
		{"overflow", []Tensor{raw("a", U8, []int64{math.MaxInt64 / 8}, "x"), raw("b", U8, []int64{math.MaxInt64}, "x")}, `overflows 64 bits`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Write(io.Discard, nil, c.tensors...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
	if err := Write(io.Discard, map[string]string{"a": "\xff"}); err == nil || !strings.Contains(err.Error(), "header: invalid JSON") {
		t.Errorf("metadata that is not UTF-8 gives %v", err)
	}
}

// TestFloat32Reads reads values in pieces of every small length.
func TestFloat32Reads(t *testing.T) {
	values := []float32{1, -2, 0.5, 3e-39, float32(math.NaN())}
	want := "0000803f000000c00000003fc8aa20000000c07f"
	for size := 1; size < 12; size++ {
		var got []byte
		r := Float32("a", nil, values).Data
		for {
			p := make([]byte, size)
			n, err := r.Read(p)
			got = append(got, p[:n]...)
			if err == io.EOF {
				break
			}
		}
		if hex.EncodeToString(got) != want {
			t.Errorf("in pieces of %d: %x, want %s", size, got, want)
		}
	}
	if err := iotest.TestReader(Float32("a", nil, values).Data, mustHex(t, want)); err != nil {
		t.Error(err)
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWriteOracle has the format's own library write names that JSON must
// escape, and every type, and compares the bytes.
func TestWriteOracle(t *testing.T) {
	type spec struct {
		Tensors  map[string][3]any `json:"tensors"`
		Metadata map[string]string `json:"metadata,omitempty"`
	}
	// One entry of metadata: with more, that library's order is a hash map's.
	in := spec{Tensors: map[string][3]any{}, Metadata: map[string]string{"a\tb</é": "\"\\\u2028"}}
	var tensors []Tensor
	dtypes := []DType{F64, F32, F16, BF16, I64, U8, Bool}
	for i, name := range []string{"plain", "\x00\x01\x1f\x7f", "\b\f\n\r\t", `"\/`, "<&>", "\u2028\u2029", "😀", "é", "z", ""} {
		for _, dtype := range dtypes {
			shape := []int64{int64(i % 3), 2}
			data := bytes.Repeat([]byte{1}, int(dtype.Bits()/8*shape[0]*shape[1]))
			name := name + "." + string(dtype)
			in.Tensors[name] = [3]any{dtype, shape, hex.EncodeToString(data)}
			tensors = append(tensors, Tensor{name, dtype, shape, bytes.NewReader(data)})
		}
	}
	stdin, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "f")
	oracle(t, stdin, "write", path)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	slices.Reverse(tensors)
	if err := Write(&got, in.Metadata, tensors...); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("wrote\n%q, the format's own library\n%q", got.Bytes(), want)
	}
}
