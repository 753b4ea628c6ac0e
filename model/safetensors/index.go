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

// OpenShards opens the shards that the index at path lists, each by open, which is Open for
// safetensors. A tensor that is in a shard but not in the index belongs to the set.
//
// The error is a *FormatError if an index is malformed, if it names a missing file or one outside
// the folder, if it places a tensor in a shard that does not hold it, or if two shards hold one
// tensor. Other errors are those of open.
func OpenShards(path string, open func(path string) (*Set, error)) (*Set, error) {
	shardOf, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	var sets []*Set
	for _, shard := range slices.Compact(slices.Sorted(maps.Values(shardOf))) {
		s, err := open(filepath.Join(dir, shard))
		if err == nil {
			sets = append(sets, s)
			continue
		}
		for _, s := range sets {
			s.Close()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &FormatError{Path: path, Problem: fmt.Sprintf("its shard %s is missing", quote(shard)),
				Remedy: "fetch the missing shard into the same folder"}
		}
		return nil, err
	}
	s, err := Join(sets...)
	if err != nil {
		return nil, err
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
		s.Close()
		return nil, &FormatError{Path: path, Tensor: name, Problem: problem,
			Remedy: "index and shards are not of one model: fetch or write them again"}
	}
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
