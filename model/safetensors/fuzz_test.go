package safetensors

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// FuzzParse holds three things for whatever file is accepted. Its tensors cover the bytes after the
// header exactly. Their shapes account for their sizes. Written again, they make a file with the
// same digest.
func FuzzParse(f *testing.F) {
	for _, c := range headerCases {
		f.Add(c.data)
	}
	if data, err := os.ReadFile("testdata/small.safetensors"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parse(data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") || len(err.Error()) > 1000 {
				t.Errorf("the error is not one short line: %q", err)
			}
			return
		}
		var tensors []Tensor
		list := make([]Entry, 0, s.Len())
		for _, name := range s.Names() {
			e, ok := s.Lookup(name)
			if !ok || e.Name != name || e.File != 0 {
				t.Fatalf("Lookup(%q) = %+v, %v", name, e, ok)
			}
			bits := e.DType.Bits()
			for _, dim := range e.Shape {
				bits *= dim
			}
			if bits != e.Size*8 {
				t.Errorf("%q: shape %v of %s takes %d bits, the entry %d bytes", name, e.Shape, e.DType, bits, e.Size)
			}
			list = append(list, e)
			tensors = append(tensors, Tensor{e.Name, e.DType, e.Shape, s.Reader(e)})
		}
		sort.Slice(list, func(i, j int) bool {
			a, b := list[i], list[j]
			return a.Offset < b.Offset || a.Offset == b.Offset && a.Size < b.Size
		})
		at := int64(8 + binary.LittleEndian.Uint64(data))
		for _, e := range list {
			if e.Offset != at || e.Size < 0 {
				t.Errorf("%q begins at %d, want %d", e.Name, e.Offset, at)
			}
			at += e.Size
		}
		if at != int64(len(data)) {
			t.Errorf("tensors end at %d of %d", at, len(data))
		}
		sum, err := s.Digest()
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := Write(&again, s.Files[0].Metadata, tensors...); err != nil {
			t.Fatal(err)
		}
		s2, err := parse(again.Bytes())
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if sum2, err := s2.Digest(); err != nil || sum2 != sum {
			t.Errorf("digest %x became %x (%v)", sum, sum2, err)
		}
	})
}

// FuzzIndex holds, for whatever index is accepted, that its shards lie inside
// the folder.
func FuzzIndex(f *testing.F) {
	for _, index := range []string{
		`{"metadata":{"total_size":3},"weight_map":{"a":"s1","b":"d/s2"}}`,
		`{"weight_map":{"a":"../s1"}}`, `{"weight_map":{"a":"/s1"}}`, `{"weight_map":{"a":"x/../s1"}}`,
		`{"weight_map":{"a":"."}}`, `{"weight_map":{"a":""}}`, `{"weight_map":{"a":1}}`,
		`{"weight_map":{"a":"s1","a":"s1"}}`, `{"weight_map":null}`, `{}`, `[]`, ``, `{"weight_map":{"\ud800":"s"}}`,
	} {
		f.Add([]byte(index))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		shardOf, err := parseIndex(data)
		if err != nil {
			return
		}
		if len(shardOf) == 0 {
			t.Error("an index without tensors is accepted")
		}
		for name, shard := range shardOf {
			path := filepath.Join("/models/m", shard)
			if !strings.HasPrefix(path, "/models/m/") || strings.ContainsRune(shard, 0) {
				t.Errorf("tensor %q lies in %q", name, shard)
			}
		}
	})
}
