package safetensors

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	onlyA = `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`
	onlyB = `{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`
)

// The names under which a model's folder holds its weights.
const (
	fileName  = "model.safetensors"
	indexName = "model.safetensors.index.json"
)

// openFolder opens a folder's weights: the one file, or the index.
func openFolder(dir string) (*Set, error) {
	if path := filepath.Join(dir, fileName); exists(path) {
		return Open(path)
	}
	return OpenShards(filepath.Join(dir, indexName), Open)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestOpenShards(t *testing.T) {
	dir := t.TempDir()
	first := put(t, dir, "model-00001-of-00002.safetensors", file(onlyA, 1))
	second := put(t, dir, "sub/model-00002-of-00002.safetensors", file(
		`{"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"mask":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 3))
	put(t, dir, indexName, []byte(`{"metadata":{"total_size":7,"x":[{}]},"weight_map":{`+
		`"b":"./sub/model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors"}}`))
	s, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// The index is silent about mask; it belongs to the set all the same.
	if names := s.Names(); !slices.Equal(names, []string{"a", "b", "mask"}) {
		t.Errorf("names %v", names)
	}
	for name, want := range map[string]string{"a": first, "b": second, "mask": second} {
		if e, _ := s.Lookup(name); s.Files[e.File].Path != want {
			t.Errorf("%s lies in %s, want %s", name, s.Files[e.File].Path, want)
		}
	}
}

func TestOpenShardsFails(t *testing.T) {
	shards := map[string][]byte{"s1": file(onlyA, 1), "s2": file(onlyB, 2)}
	index := func(weightMap string) map[string][]byte {
		return map[string][]byte{"s1": shards["s1"], "s2": shards["s2"], indexName: []byte(`{"weight_map":` + weightMap + `}`)}
	}
	for _, c := range []struct {
		name   string
		files  map[string][]byte
		want   string
		format bool
	}{
		{"damaged file", map[string][]byte{fileName: nil}, "model.safetensors: the file has 0 bytes", true},
		{"index empty", map[string][]byte{indexName: nil}, "invalid JSON", true},
		{"index cut", map[string][]byte{indexName: []byte(`{"weight_map":{"a":"s`)}, "invalid JSON at byte 21", true},
		{"index list", map[string][]byte{indexName: []byte(`["weight_map"]`)}, "the index is not an object", true},
		{"index goes on", map[string][]byte{indexName: []byte(`{"weight_map":{"a":"s1"}} x`)}, "the index goes on after its JSON object, at byte 25", true},
		{"no weight_map", map[string][]byte{indexName: []byte(`{"metadata":{}}`)}, "it has no weight_map", true},
		{"empty weight_map", index(`{}`), "it has no weight_map", true},
		{"weight_map null", index(`null`), "weight_map is not an object", true},
		{"weight_map list", index(`["s1"]`), "weight_map is not an object", true},
		{"shard number", index(`{"a":1}`), `member "a" of weight_map is not a string`, true},
		{"shard null", index(`{"a":null}`), `member "a" of weight_map is not a string`, true},
		{"duplicate tensor", index(`{"a":"s1","a":"s2"}`), `the name "a" occurs twice`, true},
		{"duplicate weight_map", index(`{"a":"s1"},"weight_map":{"b":"s2"}`), `the name "weight_map" occurs twice`, true},
		{"shard missing", index(`{"a":"s1","b":"s3"}`), `its shard "s3" is missing; fetch the missing shard`, true},
		{"shard elsewhere", index(`{"a":"s1","b":"s1"}`), `tensor "b": the index places it in shard "s1", which does not hold it;`, true},
		{"shards exchanged", index(`{"a":"s2","b":"s1"}`), `tensor "a": the index places it in shard "s2", which does not hold it (DIR/s1 does)`, true},
		{"nowhere", index(`{"a":"s1","b":"s2","c":"s2"}`), `tensor "c": the index places it in shard "s2", which does not hold it;`, true},
		{"path escape", index(`{"a":"../s1"}`), `tensor "a" lies in "../s1", which is not a file inside the folder`, true},
		{"path escape inside", index(`{"a":"x/../../s1"}`), `which is not a file inside the folder`, true},
		{"absolute path", index(`{"a":"/dev/zero"}`), `which is not a file inside the folder`, true},
		{"backslash", index(`{"a":"..\\s1"}`), `which is not a file inside the folder`, true},
		{"NUL", index(`{"a":"s1\u0000"}`), `which is not a file inside the folder`, true},
		{"no shard name", index(`{"a":""}`), `which is not a file inside the folder`, true},
		{"the folder", index(`{"a":"."}`), `which is not a file inside the folder`, true},
		{"damaged shard", map[string][]byte{"s1": file(onlyA, 0), indexName: []byte(`{"weight_map":{"a":"s1"}}`)}, `s1: tensor "a": data_offsets [0,1] end outside`, true},
		{"in two shards", map[string][]byte{"s1": file(onlyA, 1), "s2": file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3),
			indexName: []byte(`{"weight_map":{"a":"s1","b":"s2"}}`)}, `s2: tensor "a": shard DIR/s1 holds it as well`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range c.files {
				put(t, dir, name, data)
			}
			s, err := openFolder(dir)
			want := strings.ReplaceAll(c.want, "DIR", dir)
			if s != nil || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("error is %v, want %q", err, want)
			}
			var format *FormatError
			if errors.As(err, &format) != c.format {
				t.Errorf("%v is a FormatError: %v, want %v", err, !c.format, c.format)
			}
		})
	}
}
