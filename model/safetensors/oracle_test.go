package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// oracle runs testdata/oracle.py in the project's Python environment and
// returns what it prints. The test is skipped where that environment is not
// set up.
func oracle(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	python, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Skipf("no comparison with the format's own library: %v (make env sets it up)", err)
	}
	cmd := exec.Command(python, append([]string{"testdata/oracle.py"}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("oracle.py %v: %v\n%s", args, err, stderr.String())
	}
	return out
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
