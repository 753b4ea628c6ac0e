package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// oracle runs testdata/oracle.py, which answers with the format's own library.
func oracle(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	return reference.Script(t, nil, bytes.NewReader(stdin), "testdata/oracle.py", args...)
}

// verdict is what the format's own library says of one file.
type verdict struct {
	File    string
	OK      bool
	Error   string
	Tensors map[string][3]any // dtype, shape, SHA-256 of the bytes
}

// verdicts asks the format's own library about files with the given contents.
func verdicts(t *testing.T, files [][]byte) []verdict {
	t.Helper()
	dir := t.TempDir()
	for i, data := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d", i)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d := json.NewDecoder(bytes.NewReader(oracle(t, nil, "read", dir)))
	list := make([]verdict, len(files))
	for i := range list {
		if err := d.Decode(&list[i]); err != nil {
			t.Fatal(err)
		}
	}
	return list
}
