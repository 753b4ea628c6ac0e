package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The names under which a model's folder holds its weights.
const (
	fileName  = "model.safetensors"
	indexName = "model.safetensors.index.json"
)

// OpenDir opens the weights in a model's folder: model.safetensors, or else the
// shards that model.safetensors.index.json lists. A tensor that is in a shard
// but not in the index belongs to the set.
//
// Errors are *FormatError where an index is malformed, names a file outside the
// folder or one that is missing, or places a tensor in a shard that does not
// hold it, and where two shards hold one tensor; else as for Open.
func OpenDir(dir string) (*Set, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open weights %s: not a folder", dir)
	}
	// Lstat, so that a link to a file that is gone is reported as such.
	path := filepath.Join(dir, fileName)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return Open(path)
	}
	path = filepath.Join(dir, indexName)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return openIndex(path)
	}
	return nil, noWeights(dir)
}

// noWeights says what a folder without safetensors weights holds instead.
func noWeights(dir string) error {
	var found []string
	for _, pattern := range []string{"*.safetensors", "*.bin", "*.pt", "*.pth", "*.h5", "*.msgpack", "*.gguf"} {
		names, _ := filepath.Glob(filepath.Join(globQuote(dir), pattern))
		for _, name := range names {
			found = append(found, filepath.Base(name))
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("open weights %s: the folder has no %s and no %s; fetch the weights, or give another folder",
			dir, fileName, indexName)
	}
	return fmt.Errorf("open weights %s: the folder has no %s and no %s, only %s; "+
		"save the model as safetensors (in Python: model.save_pretrained(DIR))",
		dir, fileName, indexName, strings.Join(found[:min(len(found), 5)], ", "))
}

// globQuote makes a folder's name match itself in a pattern.
func globQuote(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// openIndex opens the shards that the index at path lists.
func openIndex(path string) (*Set, error) {
	shardOf, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	shards := slices.Sorted(maps.Values(shardOf))
	shards = slices.Compact(shards)

	s := &Set{entries: map[string]Entry{}}
	opened := false
	defer func() {
		if !opened {
			s.Close()
		}
	}()
	dir := filepath.Dir(path)
	for _, shard := range shards {
		err := s.open(filepath.Join(dir, shard))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &FormatError{Path: path, Problem: fmt.Sprintf("its shard %s is missing", quote(shard)),
				Remedy: "fetch the missing shard into the same folder"}
		}
		if err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shardOf)) {
		shard := filepath.Join(dir, shardOf[name])
		e, ok := s.entries[name]
		if ok && s.Files[e.File].Path == shard {
			continue
		}
		problem := fmt.Sprintf("the index places it in shard %s, which does not hold it", quote(shardOf[name]))
		if ok {
			problem += fmt.Sprintf(" (%s does)", s.Files[e.File].Path)
		}
		return nil, &FormatError{Path: path, Tensor: name, Problem: problem,
			Remedy: "index and shards are not of one model: fetch or write them again"}
	}
	opened = true
	return s, nil
}

// readIndex returns the weight_map of the index at path: the shard of each
// tensor, as a clean path inside the folder.
func readIndex(path string) (map[string]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open weights %s: not a file", path)
	}
	if info.Size() > maxHeader {
		return nil, &FormatError{Path: path, Problem: fmt.Sprintf("the index has %d bytes, more than %d", info.Size(), maxHeader)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	shardOf, err := parseIndex(data)
	if err != nil {
		return nil, &FormatError{Path: path, Problem: err.Error()}
	}
	return shardOf, nil
}

// Shards returns the files that the text of an index lists, in rising order: clean
// paths with slashes inside the index's folder.
func Shards(index []byte) ([]string, error) {
	if len(index) > maxHeader {
		return nil, fmt.Errorf("the index has %d bytes, more than %d", len(index), maxHeader)
	}
	shardOf, err := parseIndex(index)
	if err != nil {
		return nil, err
	}
	return slices.Compact(slices.Sorted(maps.Values(shardOf))), nil
}

// parseIndex reads the text of an index. Its "metadata" is ignored: the total
// size that it gives is often wrong and nothing depends on it.
func parseIndex(data []byte) (map[string]string, error) {
	d := decoder{jsontext.NewDecoder(bytes.NewBuffer(data))}
	var shardOf map[string]string
	err := d.object("the index", func(name string) (err error) {
		if name != "weight_map" {
			return jsonError(d.SkipValue())
		}
		shardOf, err = d.strings(name)
		return err
	})
	if err == nil {
		err = d.end("the index")
	}
	if err != nil {
		return nil, err
	}
	if len(shardOf) == 0 {
		return nil, errors.New("it has no weight_map, which says where each tensor is")
	}
	for _, name := range slices.Sorted(maps.Keys(shardOf)) {
		shard := shardOf[name]
		if !filepath.IsLocal(shard) || strings.ContainsAny(shard, "\\\x00") || filepath.Clean(shard) == "." {
			return nil, fmt.Errorf("tensor %s lies in %s, which is not a file inside the folder", quote(name), quote(shard))
		}
		shardOf[name] = filepath.Clean(shard)
	}
	return shardOf, nil
}
