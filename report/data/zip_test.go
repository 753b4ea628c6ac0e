package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/report/internal/madeup"
)

// A streamed member was read from its local header alone.
type streamed struct {
	name string
	data []byte
}

// readForward reads a zip from front to back, and refuses what a reader without a seek
// cannot know: a member whose size or checksum does not stand in front of it.
func readForward(b []byte) (out []streamed, err error) {
	le := binary.LittleEndian
	for len(b) >= 30 && le.Uint32(b) == 0x04034b50 {
		flags, method, crc := le.Uint16(b[6:]), le.Uint16(b[8:]), le.Uint32(b[14:])
		packed, size := uint64(le.Uint32(b[18:])), uint64(le.Uint32(b[22:]))
		n, e := int(le.Uint16(b[26:])), int(le.Uint16(b[28:]))
		name, extra := string(b[30:30+n]), b[30+n:30+n+e]
		if packed == 0xffffffff && size == 0xffffffff {
			if len(extra) != 20 || le.Uint16(extra) != 1 || le.Uint16(extra[2:]) != 16 || le.Uint16(b[4:]) < 45 {
				return nil, fmt.Errorf("%s: its long size is not there: % x", name, extra)
			}
			size, packed = le.Uint64(extra[4:]), le.Uint64(extra[12:])
		} else if e != 0 {
			return nil, fmt.Errorf("%s: extra field % x", name, extra)
		}
		b = b[30+n+e:]
		switch {
		case flags&8 != 0 || method != 0 || packed != size || size > uint64(len(b)):
			return nil, fmt.Errorf("%s: flags %x, method %d, sizes %d and %d", name, flags, method, packed, size)
		case crc32.ChecksumIEEE(b[:size]) != crc:
			return nil, fmt.Errorf("%s: the checksum is another", name)
		}
		out = append(out, streamed{name, b[:size]})
		b = b[size:]
	}
	if len(b) < 4 || le.Uint32(b) != 0x02014b50 && le.Uint32(b) != 0x06054b50 {
		return nil, fmt.Errorf("behind %d members stands no directory", len(out))
	}
	return out, nil
}

// forward returns the members, which archive/zip must find in the directory as well.
func forward(t *testing.T, b []byte) []streamed {
	t.Helper()
	got, err := readForward(b)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != len(got) {
		t.Fatalf("the directory has %d members, the file %d", len(z.File), len(got))
	}
	for i, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil || f.Name != got[i].name || !bytes.Equal(data, got[i].data) {
			t.Errorf("%s and %s: other bytes (%v)", f.Name, got[i].name, err)
		}
		if y, m, d := f.Modified.Date(); y != 1980 || m != 1 || d != 1 {
			t.Errorf("%s is of %v, which is no date of the format", f.Name, f.Modified)
		}
	}
	return got
}

// Every NPZ is read from front to back, its numbers before its texts.
func TestNPZForward(t *testing.T) {
	var other bytes.Buffer
	if err := bundle().Write(&other, NPZ, Options{}); err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{"a lens": npzBytes(t, madeup.Hard()), "several": npzBytes(t, madeup.Plain(), madeup.Hard()), "a bundle": other.Bytes()} {
		text := ""
		for _, m := range forward(t, b) {
			is := bytes.Contains(m.data[:64], []byte("'<U"))
			if is {
				text = m.name
			} else if text != "" {
				t.Errorf("%s: the numbers %s come behind the text %s", what, m.name, text)
			}
		}
		if text == "" {
			t.Errorf("%s: no text", what)
		}
	}
}

// Sizes, offsets and counts that need zip64 are written in its fields, in front of each
// member too. The limits are lowered, so that small files need them.
func TestZip64(t *testing.T) {
	for _, most := range []uint64{100, 1000, 3000} {
		var b bytes.Buffer
		z := newStoredZip(&b)
		z.most32, z.most16 = most, 2
		var want []streamed
		for i, size := range []int{0, 99, 100, 101, 999, 1000, 5000, 7} {
			m := streamed{fmt.Sprintf("%d.bin", i), bytes.Repeat([]byte{byte(i + 1)}, size)}
			want = append(want, m)
			if err := z.add(m.name, func(w io.Writer) error { _, err := w.Write(m.data); return err }); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.close(); err != nil {
			t.Fatal(err)
		}
		if got := forward(t, b.Bytes()); !slices.EqualFunc(got, want, func(a, b streamed) bool { return a.name == b.name && bytes.Equal(a.data, b.data) }) {
			t.Errorf("limit %d: other members", most)
		}
		path := filepath.Join(t.TempDir(), "x.zip")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		out := python(t, `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print([len(z.read(n)) for n in z.namelist()])
`, path)
		if got := strings.TrimSpace(string(out)); got != "[0, 99, 100, 101, 999, 1000, 5000, 7]" {
			t.Errorf("limit %d: Python reads %s", most, got)
		}
	}
}

// A writer that gives other bytes the second time is found out.
func TestZipOfUnsteadyWriter(t *testing.T) {
	z, n := newStoredZip(io.Discard), 0
	err := z.add("x", func(w io.Writer) error { n++; _, err := w.Write(make([]byte, n)); return err })
	if err == nil || !strings.Contains(err.Error(), "1 bytes, and then 2") {
		t.Errorf("error %v", err)
	}
}

// npzFile writes a result, and returns the file with its members.
func npzOnDisk(t *testing.T) (string, []streamed) {
	t.Helper()
	b := npzBytes(t, madeup.Hard())
	path := filepath.Join(t.TempDir(), "x.npz")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, forward(t, b)
}

// members lists members as the readers below print them.
func members(of []streamed) string {
	var b strings.Builder
	for _, m := range of {
		fmt.Fprintf(&b, "%s %d %08x\n", m.name, len(m.data), crc32.ChecksumIEEE(m.data))
	}
	return b.String()
}

// Python's stream-unzip sees a stream, and no file.
func TestNPZInStreamUnzip(t *testing.T) {
	path, want := npzOnDisk(t)
	out := python(t, `
import sys, zlib
try:
    from stream_unzip import stream_unzip
except ImportError:
    sys.exit(0)
with open(sys.argv[1], "rb") as f:
    for name, size, chunks in stream_unzip(iter(lambda: f.read(1000), b"")):
        data = b"".join(chunks)
        assert size == len(data)
        print("%s %d %08x" % (name.decode(), size, zlib.crc32(data)))
`, path)
	if len(out) == 0 {
		untested.Missing(t, "Python has no stream-unzip: pip install -r scripts/requirements.txt")
	}
	if string(out) != members(want) {
		t.Errorf("stream-unzip reads\n%s\nwant\n%s", out, members(want))
	}
}

func TestNPZInJava(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		untested.Here(t, "no Java reads the file: %v", err)
	}
	path, want := npzOnDisk(t)
	out, err := exec.Command(java, "-Xshare:auto", filepath.Join("testdata", "readers", "Members.java"), path).CombinedOutput()
	if err != nil && bytes.Contains(out, []byte("jdk.compiler")) {
		untested.Here(t, "this Java has no compiler")
	}
	if err != nil || string(out) != members(want) {
		t.Errorf("Java reads\n%s(%v), want\n%s", out, err, members(want))
	}
}

// A C++ program reads every number by the local headers alone.
func TestNPZInCPlusPlus(t *testing.T) {
	gxx, err := exec.LookPath("g++")
	if err != nil {
		untested.Missing(t, "no C++ program reads the file: %v", err)
	}
	reader := filepath.Join(t.TempDir(), "npz")
	if out, err := exec.Command(gxx, "-std=c++17", "-O1", "-o", reader, filepath.Join("testdata", "readers", "npz.cc")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	path, got := npzOnDisk(t)
	out, err := exec.Command(reader, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fields, err := lensArrays(madeup.Hard())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(fields) || len(fields) >= len(got) {
		t.Fatalf("%d arrays were read of %d, among %d members:\n%s", len(lines), len(fields), len(got), out)
	}
	types := map[DType]string{Int64: "<i8", Float32: "<f4", Bool: "|b1"}
	for i, f := range fields {
		bits, err := binary.Append(nil, binary.LittleEndian, f.Values)
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		h.Write(bits)
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Dims), " ", ", "), "[]")
		if len(f.Dims) == 1 {
			shape += ","
		}
		if want := fmt.Sprintf("%s.npy %s (%s) %016x", f.Name, types[DType(strings.TrimPrefix(fmt.Sprintf("%T", f.Values), "[]"))], shape, h.Sum64()); lines[i] != want {
			t.Errorf("read %s, want %s", lines[i], want)
		}
	}
}
