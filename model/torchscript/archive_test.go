package torchscript

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzCheck: no file crashes what reads an archive's directory, or has it
// unpack more than the limits allow.
func FuzzCheck(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range []struct {
		name, text string
		method     uint16
	}{{"m/data.pkl", "\x80\x02.", zip.Store}, {"m/constants.pkl", "\x80\x02).", zip.Store}, {"m/version", "3\n", zip.Store},
		{"m/code/__torch__.py", "torch.softmax(x)  # softmax softmax softmax softmax", zip.Deflate}, {"m/data/0", "12345678", zip.Store}} {
		out, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
		if err == nil {
			_, err = out.Write([]byte(m.text))
		}
		if err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x05\x06" + string(make([]byte, 18))))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "m.pt")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Check(path)
		if (a == nil) == (err == nil) {
			t.Fatalf("%v and %v", a, err)
		}
		if bytes.Equal(data, b.Bytes()) && (err != nil || *a != (Archive{Softmax: true, Directory: a.Directory}) || a.Directory == "") {
			t.Fatalf("a good archive: %+v, %v", a, err)
		}
	})
}

func TestCheckPickle(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"\x80\x02}q\x00.", ""},
		{"\x80\x02c__torch__\nM\nX\x02\x00\x00\x00ab.", ""},
		{"\x80\x02}r\x07\x00\x00\x00.", ""},
		{"\x80\x02}r\x00\x00\x00\x58.", "numbers an object 1476395008"},
		{"\x80\x02X\xff\xff\xff\x7f.", "text or number of 2147483647 bytes is longer"},
		{"\x80\x02X\xff\xff\xff\xff.", "text or number of 4294967295 bytes is longer"},
		{"\x80\x02U\x05ab.", "text or number of 5 bytes is longer"},
		{"\x80\x02cos\nsystem", "ends too early"},
		{"\x80\x02J\x00", "at byte 2: a text or number of 4 bytes is longer"},
		{"\x80\x02X\x00", "at byte 2: a text or number of 4 bytes is longer"},
		{"\x80\x02\x8c\x01a.", "0x8c"}, // a short text of later pickles
		{"\x80\x02}", "ends too early"},
		{"", "ends too early"},
	} {
		if err := checkPickle(c.text); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}
