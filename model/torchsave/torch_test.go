package torchsave

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model/safetensors"
)

// described is what Python says of a tensor.
type described struct {
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	SHA256 string  `json:"sha256"`
}

// written has Python write its files into a folder and returns what it reads in them.
func written(t *testing.T) (string, map[string]map[string]described) {
	t.Helper()
	dir := t.TempDir()
	var files map[string]map[string]described
	if err := json.Unmarshal(reference.Script(t, nil, nil, "testdata/write.py", dir), &files); err != nil {
		t.Fatal(err)
	}
	return dir, files
}

// TestTorch compares with torch.load(weights_only=True), bit by bit: old files and new
// ones, all types, tied tensors, views and strides.
func TestTorch(t *testing.T) {
	dir, files := written(t)
	if len(files) != 18 {
		t.Fatalf("Python wrote %d files", len(files))
	}
	for name, want := range files {
		t.Run(name, func(t *testing.T) {
			set, err := Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			defer set.Close()
			if set.Len() != len(want) {
				t.Errorf("%d tensors, want %d: %v", set.Len(), len(want), set.Names())
			}
			for tensor, w := range want {
				e, ok := set.Lookup(tensor)
				if !ok {
					t.Errorf("there is no %q", tensor)
					continue
				}
				b, err := io.ReadAll(set.Reader(e))
				if err != nil {
					t.Fatal(err)
				}
				if string(e.DType) != w.DType || !slices.Equal(e.Shape, w.Shape) || fmt.Sprintf("%x", sha256.Sum256(b)) != w.SHA256 {
					t.Errorf("%s is %s %v, want %s %v with the bytes of %s", tensor, e.DType, e.Shape, w.DType, w.Shape, w.SHA256)
				}
			}
			aligned(t, set, strings.HasSuffix(name, "-zip.bin"))
		})
	}
	tied, err := Open(filepath.Join(dir, "tied-zip.bin"))
	if err != nil {
		t.Fatal(err)
	}
	defer tied.Close()
	a, _ := tied.Lookup("wte.weight")
	b, _ := tied.Lookup("lm_head.weight")
	row, _ := tied.Lookup("row")
	if a.Offset != b.Offset || row.Offset != a.Offset+3*8*4 || len(tied.Files) != 1 {
		t.Errorf("tied tensors lie at %d and %d, a row of them at %d", a.Offset, b.Offset, row.Offset)
	}
}

// aligned holds that storages of a zip file can be mapped where they lie, and that what
// cannot is marked.
func aligned(t *testing.T, set *safetensors.Set, zipped bool) {
	t.Helper()
	for _, name := range set.Names() {
		e, _ := set.Lookup(name)
		if f := set.Files[e.File]; !f.Copied && e.Offset%(e.DType.Bits()/8) != 0 {
			t.Errorf("%s lies at %d, and is not to be copied", name, e.Offset)
		}
	}
	if set.Files[0].Copied == zipped {
		t.Errorf("copied: %v", set.Files[0].Copied)
	}
}

// TestTorchRefused holds that nothing but a state dict is read, that the error names what
// is there, and that nothing of it runs.
func TestTorchRefused(t *testing.T) {
	dir, _ := written(t)
	says := map[string]string{
		"system": "it would use Python's posix.system", "list": "it holds a list, not a state dict", "tensor": "it holds an object, not a state dict",
		"number": `its entry "epoch" is a number, not a tensor`, "training": `whose tensors lie under "state_dict"`, "keys": "a key that is a number",
		"whole": "Python's torch.nn.modules.linear.Linear", "sparse": "Python's torch._utils._rebuild_sparse_tensor", "quantized": "Python's torch.",
		"complex": "Python's torch.ComplexFloatStorage", "float8": "Python's torch.", "negative": "such as that its values are negated", "expanded": "repeats those of the storage",
		"protocol3": "protocol 3, and torch.save writes 2", "protocol4": "protocol 4", "pickle": "it is a pickle, and not one of torch.save", "script": "TorchScript archive",
	}
	paths, err := filepath.Glob(filepath.Join(dir, "no-*.bin"))
	if err != nil || len(paths) < 25 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.Split(filepath.Base(path), "-")[1]
		_, err := Open(path)
		if want := says[name]; want == "" || err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "weights "+path+": ") {
			t.Errorf("%s: %v, want %q", filepath.Base(path), err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "attacked")); err == nil {
		t.Error("a file's code ran")
	}
	if !IsScript(filepath.Join(dir, "no-script-zip.bin")) || IsScript(filepath.Join(dir, "plain-zip.bin")) || IsScript(filepath.Join(dir, "plain-legacy.bin")) {
		t.Error("IsScript does not tell a TorchScript archive")
	}
}
