package checkpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/model/safetensors"
)

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFile holds which file of a folder is read: what config.json names, safetensors
// before PyTorch's own, one file before an index, as in transformers.
func TestFile(t *testing.T) {
	all := []string{"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"}
	for i, want := range all {
		dir := t.TempDir()
		for _, name := range append(all[i:], "consolidated.safetensors", "model.fp16.safetensors", "tf_model.h5") {
			put(t, dir, name, "")
		}
		if file, err := File(dir); err != nil || file != filepath.Join(dir, want) {
			t.Errorf("%s, %v, want %s", file, err, want)
		}
		put(t, dir, ConfigName, `{"transformers_weights": "consolidated.safetensors"}`)
		if file, err := File(dir); err != nil || file != filepath.Join(dir, "consolidated.safetensors") {
			t.Errorf("%s, %v, want the file that config.json names", file, err)
		}
	}
	for config, want := range map[string]string{
		`{"transformers_weights": "none.safetensors"}`:    `"none.safetensors", and there is no such file`,
		`{"transformers_weights": "../x.safetensors"}`:    "no safetensors file of the folder",
		`{"transformers_weights": "/x.safetensors"}`:      "no safetensors file of the folder",
		`{"transformers_weights": "pytorch_model.bin"}`:   "no safetensors file of the folder",
		`{"transformers_weights": null}`:                  "only model.fp16.safetensors, tf_model.h5: give a file by its path",
		`{}`:                                              "no pytorch_model.bin.index.json",
		`not JSON, which the configuration's reader says`: "no model.safetensors, no",
	} {
		dir := t.TempDir()
		put(t, dir, ConfigName, config)
		put(t, dir, "model.fp16.safetensors", "")
		put(t, dir, "tf_model.h5", "")
		if _, err := OpenDir(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
	if _, err := OpenDir(t.TempDir()); err == nil || !strings.Contains(err.Error(), "fetch the weights, or give another folder") {
		t.Error(err)
	}
	gone := t.TempDir()
	for _, name := range []string{"model.safetensors", "pytorch_model.bin"} {
		if err := os.Symlink("../blobs/none", filepath.Join(gone, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenDir(gone); err == nil || !strings.Contains(err.Error(), name+": a link to a file that is gone") {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(filepath.Join(gone, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMissing holds what a folder needs to be run.
func TestMissing(t *testing.T) {
	dir := t.TempDir()
	step := func(want string) {
		t.Helper()
		err := Missing(dir)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	step("it has no config.json")
	put(t, dir, ConfigName, "{}")
	step("it has no weights")
	put(t, dir, "pytorch_model.bin.index.json", `{"weight_map": {"a": "1.bin", "b": "2.bin"}}`)
	step("1.bin cannot be read")
	put(t, dir, "1.bin", "")
	step("2.bin cannot be read")
	put(t, dir, "2.bin", "")
	step("")
	put(t, dir, ConfigName, `{"transformers_weights": "x.safetensors"}`)
	step("it has no weights")
	if err := os.Symlink("nothing", filepath.Join(dir, "x.safetensors")); err != nil {
		t.Fatal(err)
	}
	step("x.safetensors cannot be read")
}

// TestOpen opens shards of safetensors by an index of any name, and says of a damaged
// file of torch.save what it is.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a", "b"} {
		if err := safetensors.WriteFile(filepath.Join(dir, n+".safetensors"), nil, safetensors.Float32(n, []int64{1}, []float32{1})); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, "x.safetensors.index.json", `{"weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}`)
	set, err := Open(filepath.Join(dir, "x.safetensors.index.json"))
	if err != nil || set.Len() != 2 {
		t.Fatal(set, err)
	}
	set.Close()
	put(t, dir, "y.bin", "PK\x03\x04")
	put(t, dir, "y.bin.index.json", `{"weight_map": {"a": "y.bin"}}`)
	for _, name := range []string{"y.bin", "y.bin.index.json"} {
		if _, err := Open(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), "y.bin: it is not a whole zip file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
