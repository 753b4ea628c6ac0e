package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// file returns a safetensors file of that header and n bytes of data.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

func parse(data []byte) (*Set, error) {
	return Parse("f.safetensors", bytes.NewReader(data), int64(len(data)))
}

const ab = `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[1,3],"data_offsets":[8,14]}}`

// TestParseFixture reads a file that the format's own library wrote.
func TestParseFixture(t *testing.T) {
	data, err := os.ReadFile("testdata/small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("embedded", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	const start = 8 + 0x1e0
	want := []Entry{
		{"h.0.brain", BF16, []int64{2, 1}, start + 32, 4, 0},
		{"h.0.half", F16, []int64{3}, start + 36, 6, 0},
		{"mask", Bool, []int64{1, 3}, start + 43, 3, 0},
		{"naïve \"name\"\n", U8, []int64{1}, start + 42, 1, 0},
		{"nothing", I64, []int64{0, 7}, start, 0, 0},
		{"scalar", F64, []int64{}, start, 8, 0},
		{"wte.weight", F32, []int64{3, 2}, start + 8, 24, 0},
	}
	if s.Len() != len(want) {
		t.Errorf("Len() = %d, want %d", s.Len(), len(want))
	}
	for i, name := range s.Names() {
		e, ok := s.Lookup(name)
		if !ok || !reflect.DeepEqual(e, want[i]) {
			t.Errorf("entry %d is %+v, want %+v", i, e, want[i])
		}
	}
	if _, ok := s.Lookup("h.0"); ok {
		t.Error("Lookup finds a name that is not there")
	}
	wantFile := File{Path: "embedded", Size: int64(len(data)), Metadata: map[string]string{"format": "pt"}}
	if !reflect.DeepEqual(s.Files, []File{wantFile}) {
		t.Errorf("Files = %+v, want %+v", s.Files, wantFile)
	}
	for name, want := range map[string]string{"h.0.half": "003c00c1ff7b", "nothing": "", "mask": "010001"} {
		e, _ := s.Lookup(name)
		b, err := io.ReadAll(s.Reader(e))
		if err != nil || hex.EncodeToString(b) != want {
			t.Errorf("bytes of %s are %x (%v), want %s", name, b, err, want)
		}
	}
	// What oracle.py printed when it made the file.
	const digest = "96ddc01380edbaadd69737fbc78e2c88ec8b68476b5130c4a69569c8305fb50e"
	if sum, err := s.Digest(); err != nil || hex.EncodeToString(sum[:]) != digest {
		t.Errorf("Digest() = %x (%v), want %s", sum, err, digest)
	}
}

func one(dtype, shape, offsets string) string {
	return `{"a":{"dtype":` + dtype + `,"shape":` + shape + `,"data_offsets":` + offsets + `}}`
}

// headerCases are files and what is wrong with each: "" where nothing is.
// stricter marks those that the format's own library lets pass.
var headerCases = []struct {
	name     string
	data     []byte
	want     string
	stricter bool
}{
	{name: "two tensors", data: file(ab, 14)},
	{name: "no tensors", data: file(`{}`, 0)},
	{name: "padded header", data: file(ab+" \n\t ", 14)},
	{name: "scalar", data: file(one(`"F64"`, `[]`, `[0,8]`), 8)},
	{name: "empty tensor", data: file(one(`"F64"`, `[3,0]`, `[0,0]`), 0)},
	{name: "unknown member", data: file(`{"a":{"dtype":"U8","x":[{"y":1}],"shape":[1],"data_offsets":[0,1]}}`, 1)},
	{name: "4-bit pairs", data: file(one(`"F4"`, `[3,2]`, `[0,3]`), 3)},
	{name: "escaped name", data: file(`{"\u0061\ud83d\ude00":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1)},
	{name: "no name", data: file(`{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1)},
	{name: "empty tensor between two", data: file(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},`+
		`"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2)},

	{name: "empty file", data: nil, want: "f.safetensors: the file has 0 bytes, a header's length alone takes 8"},
	{name: "7 bytes", data: make([]byte, 7), want: "the file has 7 bytes"},
	{name: "no header", data: make([]byte, 8), want: "the header does not start with {"},
	{name: "header cut", data: file(ab, 0)[:60], want: "the header claims 110 bytes, the file has 52 after its length"},
	{name: "header of a terabyte", data: []byte("\x00\x00\x00\x00\x00\x01\x00\x00{}"), want: "the header claims 1099511627776 bytes, the format allows 100000000"},
	{name: "header of 2^64-1", data: []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), want: "the header claims 18446744073709551615 bytes"},
	{name: "header of 2^63", data: []byte("\x00\x00\x00\x00\x00\x00\x00\x80{}"), want: "the header claims 9223372036854775808 bytes"},
	{name: "git-lfs pointer", data: []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), want: "git-lfs pointer, not the file that it points to; run: git lfs pull"},
	{name: "zip", data: []byte("PK\x03\x04\x00\x00\x08\x08 data.pkl"), want: "zip archive, as PyTorch's .pt and .bin files are"},
	{name: "web page", data: []byte("<!DOCTYPE html>"), want: "web page"},
	{name: "bare JSON", data: []byte(ab), want: "without the length"},
	{name: "leading space", data: file(" "+ab, 14), want: "the header does not start with {", stricter: true},
	{name: "array", data: file(`[1,2]   `, 0), want: "the header does not start with {"},
	{name: "JSON cut", data: file(ab[:len(ab)-1], 14), want: "invalid JSON at byte 109: unexpected EOF"},
	{name: "JSON broken", data: file(`{"a" 1}`, 0), want: "invalid JSON at byte 5: invalid character '1' after object name"},
	{name: "two values", data: file(`{}{}`, 0), want: "the header goes on after its JSON object, at byte 2"},
	{name: "NUL padding", data: file("{}\x00\x00", 0), want: "goes on after"},
	{name: "invalid UTF-8", data: file("{\"\xff\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1), want: "invalid UTF-8"},
	{name: "half a surrogate pair", data: file(`{"\ud83d":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), want: "invalid JSON at byte"},

	{name: "duplicate tensor", data: file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), want: `the name "a" occurs twice`, stricter: true},
	{name: "duplicate dtype", data: file(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), want: `tensor "a": the name "dtype" occurs twice`},
	{name: "duplicate metadata", data: file(`{"__metadata__":{},"__metadata__":{}}`, 0), want: `"__metadata__" occurs twice`},
	{name: "duplicate metadata name", data: file(`{"__metadata__":{"x":"1","x":"2"}}`, 0), want: `"x" occurs twice`, stricter: true},
	{name: "metadata number", data: file(`{"__metadata__":{"x":1}}`, 0), want: `member "x" of __metadata__ is not a string`},
	{name: "metadata list", data: file(`{"__metadata__":[]}`, 0), want: `__metadata__ is not an object`},
	{name: "metadata null", data: file(`{"__metadata__":null}`, 0), want: `__metadata__ is not an object`, stricter: true},

	{name: "entry is a number", data: file(`{"a":1}`, 0), want: `tensor "a": its entry is not an object`},
	{name: "no dtype", data: file(`{"a":{"shape":[1],"data_offsets":[0,1]}}`, 1), want: `tensor "a": it has no dtype`},
	{name: "no shape", data: file(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), want: `it has no shape`},
	{name: "no offsets", data: file(`{"a":{"dtype":"U8","shape":[1]}}`, 1), want: `it has no data_offsets`},
	{name: "unknown dtype", data: file(one(`"F33"`, `[1]`, `[0,4]`), 4), want: `tensor "a": unknown dtype "F33"; the format has BOOL, F4,`},
	{name: "dtype in lower case", data: file(one(`"f32"`, `[1]`, `[0,4]`), 4), want: `unknown dtype "f32"`},
	{name: "dtype number", data: file(one(`32`, `[1]`, `[0,4]`), 4), want: `dtype is not a string`},
	{name: "dtype null", data: file(one(`null`, `[1]`, `[0,4]`), 4), want: `dtype is not a string`},
	{name: "shape number", data: file(one(`"U8"`, `1`, `[0,1]`), 1), want: `shape is not an array`},
	{name: "shape null", data: file(one(`"U8"`, `null`, `[0,1]`), 1), want: `shape is not an array`},
	{name: "shape of null", data: file(one(`"U8"`, `[null]`, `[0,0]`), 0), want: `a member of shape is not a whole number`},
	{name: "shape of a string", data: file(one(`"U8"`, `["1"]`, `[0,1]`), 1), want: `a member of shape is not a whole number`},
	{name: "negative shape", data: file(one(`"U8"`, `[-1,-1]`, `[0,1]`), 1), want: `shape holds -1, not a whole number from 0 up`},
	{name: "negative zero", data: file(one(`"U8"`, `[-0]`, `[0,0]`), 0), want: `shape holds -0, not a whole number`},
	{name: "fraction", data: file(one(`"U8"`, `[1.0]`, `[0,1]`), 1), want: `shape holds 1.0, not a whole number`},
	{name: "exponent", data: file(one(`"U8"`, `[1e0]`, `[0,1]`), 1), want: `shape holds 1e0, not a whole number`},
	{name: "leading zero", data: file(one(`"U8"`, `[01]`, `[0,1]`), 1), want: `invalid JSON`},
	{name: "shape of 2^63", data: file(one(`"U8"`, `[9223372036854775808]`, `[0,1]`), 1), want: `shape holds 9223372036854775808, which overflows 64 bits`},
	{name: "shape of 2^70", data: file(one(`"U8"`, `[1180591620717411303424]`, `[0,1]`), 1), want: `overflows 64 bits`},
	{name: "product of 2^64", data: file(one(`"U8"`, `[4294967296,4294967296]`, `[0,0]`), 0), want: `shape [4294967296,4294967296] of U8 overflows 64 bits`},
	{name: "product times width", data: file(one(`"F64"`, `[2305843009213693952]`, `[0,0]`), 0), want: `overflows 64 bits`},
	{name: "product beside a zero", data: file(one(`"U8"`, `[0,4294967296,4294967296]`, `[0,0]`), 0), want: `overflows 64 bits`, stricter: true},
	{name: "half a byte", data: file(one(`"F4"`, `[3]`, `[0,1]`), 1), want: `shape [3] of F4 does not fill whole bytes`},
	{name: "size too large", data: file(one(`"F32"`, `[2]`, `[0,4]`), 4), want: `shape [2] of F32 takes 8 bytes, data_offsets [0,4] hold 4`},
	{name: "size too small", data: file(one(`"F32"`, `[2]`, `[0,12]`), 12), want: `takes 8 bytes, data_offsets [0,12] hold 12`},
	{name: "one offset", data: file(one(`"U8"`, `[1]`, `[0]`), 1), want: `data_offsets has 1 numbers, not 2`},
	{name: "three offsets", data: file(one(`"U8"`, `[1]`, `[0,1,1]`), 1), want: `data_offsets has 3 numbers, not 2`},
	{name: "negative offset", data: file(one(`"U8"`, `[2]`, `[-1,1]`), 1), want: `data_offsets holds -1`},
	{name: "begin after end", data: file(one(`"U8"`, `[1]`, `[2,1]`), 2), want: `data_offsets [2,1] begin after their end`},
	{name: "offsets near 2^63", data: file(one(`"U8"`, `[1]`, `[9223372036854775806,9223372036854775807]`), 1), want: `data_offsets [9223372036854775806,9223372036854775807] end outside the file, which has 1 bytes after its header`},
	{name: "truncated", data: file(ab, 13), want: `tensor "b": data_offsets [8,14] end outside the file, which has 13 bytes after its header`},
	{name: "trailing byte", data: file(ab, 15), want: `1 bytes at the end of the file belong to no tensor`},
	{name: "data without tensors", data: file(`{}`, 3), want: `3 bytes at the end of the file belong to no tensor`},
	{name: "hole at the start", data: file(one(`"U8"`, `[1]`, `[3,4]`), 4), want: `data_offsets [3,4] leave a hole of 3 bytes after the header`},
	{name: "hole", data: file(strings.NewReplacer("[8,14]", "[10,16]").Replace(ab), 16), want: `tensor "b": data_offsets [10,16] leave a hole of 2 bytes after tensor "a", which ends at 8`},
	{name: "overlap", data: file(strings.NewReplacer("[8,14]", "[7,13]").Replace(ab), 13), want: `tensor "b": data_offsets [7,13] overlap those of tensor "a", which end at 8`},
	{name: "same bytes", data: file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), want: `tensor "b": data_offsets [0,1] overlap`},
	{name: "long number", data: file(one(`"U8"`, `[`+strings.Repeat("9", 5000)+`]`, `[0,1]`), 1), want: `999... (5000 digits), which overflows 64 bits`},
	{name: "long name", data: file(`{"`+strings.Repeat("n", 5000)+`":1}`, 0), want: strings.Repeat("n", 80) + `"... (5000 bytes): its entry`},
}

func TestParse(t *testing.T) {
	for _, c := range headerCases {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(c.data)
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if s != nil || err == nil {
				t.Fatalf("accepted, want %q", c.want)
			}
			var format *FormatError
			if !errors.As(err, &format) || format.Path != "f.safetensors" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %q, want %q", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 400 {
				t.Errorf("error is not one readable line: %q", err)
			}
		})
	}
}

// TestParseOracle holds the verdicts of the table against the format's own
// library: it accepts what Parse accepts, and refuses the rest but for the
// cases that the table marks.
func TestParseOracle(t *testing.T) {
	var files [][]byte
	for _, c := range headerCases {
		files = append(files, c.data)
	}
	for i, v := range verdicts(t, files) {
		c := headerCases[i]
		if want := c.want == "" || c.stricter; v.OK != want {
			t.Errorf("%s: accepted by the format's own library: %v (%s), want %v", c.name, v.OK, v.Error, want)
		}
	}
}

// TestParseMutationsOracle changes and cuts good files at random places. What
// Parse accepts, the format's own library must accept with the same contents;
// what only Parse refuses must be one of the known stricter rules.
func TestParseMutationsOracle(t *testing.T) {
	small, err := os.ReadFile("testdata/small.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	const alphabet = `0123456789{}[]":,-. ab\FU_e`
	var files [][]byte
	for len(files) < 4000 {
		data := bytes.Clone(small)
		if len(files)%2 == 0 {
			data = file(ab, 14)
		}
		header := 8 + int(binary.LittleEndian.Uint64(data))
		for range 1 + r.IntN(2) {
			switch at := 8 + r.IntN(header-8); r.IntN(8) {
			case 0:
				data = data[:len(data)-1]
			case 1:
				data = append(data, 7)
			case 2: // one digit for another: most of these still parse
				for data[at] < '0' || data[at] > '9' {
					at = 8 + r.IntN(header-8)
				}
				data[at] = byte('0' + r.IntN(10))
			default:
				data[at] = alphabet[r.IntN(len(alphabet))]
			}
		}
		files = append(files, data)
	}
	accepted := 0
	for i, v := range verdicts(t, files) {
		s, err := parse(files[i])
		if err != nil {
			stricter := strings.Contains(err.Error(), "occurs twice") || strings.Contains(err.Error(), "overflows 64 bits")
			if v.OK && !stricter {
				t.Errorf("refused with %q, the format's own library accepts %q", err, files[i])
			}
			continue
		}
		if !v.OK {
			t.Errorf("accepted, the format's own library says %s: %q", v.Error, files[i])
			continue
		}
		accepted++
		if len(v.Tensors) != s.Len() {
			t.Errorf("%d tensors, want %d: %q", s.Len(), len(v.Tensors), files[i])
		}
		for name, want := range v.Tensors {
			e, _ := s.Lookup(name)
			b, _ := io.ReadAll(s.Reader(e))
			sum := sha256.Sum256(b)
			shape := []any{}
			for _, dim := range e.Shape {
				shape = append(shape, float64(dim))
			}
			got := [3]any{string(e.DType), shape, hex.EncodeToString(sum[:])}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("tensor %q is %v, want %v", name, got, want)
			}
		}
	}
	if accepted < 100 {
		t.Errorf("only %d of the files were accepted: the mutations test nothing", accepted)
	}
}

// TestHeaderLengthAllocates holds that a header's claimed length costs nothing
// before it is checked.
func TestHeaderLengthAllocates(t *testing.T) {
	var before, after runtime.MemStats
	for _, length := range []uint64{1 << 40, 99_999_999} {
		data := append(binary.LittleEndian.AppendUint64(nil, length), ab...)
		runtime.ReadMemStats(&before)
		if _, err := parse(data); err == nil {
			t.Error("accepted")
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("a header that claims %d bytes made Parse allocate %d", length, n)
		}
	}
}

// failing is a reader that gives an error of its own.
type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

func TestParseReaderFails(t *testing.T) {
	if _, err := Parse("f", failing{}, 100); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error is %v, want one that wraps %v", err, io.ErrClosedPipe)
	}
	data := file(ab, 14)
	if _, err := Parse("f", bytes.NewReader(data[:20]), int64(len(data))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v, want one that wraps %v", err, io.ErrUnexpectedEOF)
	}
}
