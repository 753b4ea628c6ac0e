package safetensors

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// written returns the set of a file that Write made of the tensors.
func written(t *testing.T, metadata map[string]string, tensors ...Tensor) *Set {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, metadata, tensors...); err != nil {
		t.Fatal(err)
	}
	s, err := parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func digest(t *testing.T, s *Set) [32]byte {
	t.Helper()
	sum, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func raw(name string, dtype DType, shape []int64, data string) Tensor {
	return Tensor{name, dtype, shape, strings.NewReader(data)}
}

// TestDigestSharding holds that the digest is of the tensors, not of the files.
func TestDigestSharding(t *testing.T) {
	want := digest(t, written(t, nil, raw("a", U8, []int64{1}, "\x00"), raw("b", U8, []int64{2}, "\x00\x01")))

	if got := digest(t, written(t, map[string]string{"format": "pt"},
		raw("b", U8, []int64{2}, "\x00\x01"), raw("a", U8, []int64{1}, "\x00"))); got != want {
		t.Error("metadata or the order of writing changes the digest")
	}
	reversed, err := parse([]byte(
		"\x70\x00\x00\x00\x00\x00\x00\x00" +
			`{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"b":{"shape":[2],"dtype":"U8","data_offsets":[0,2]}}       ` +
			"\x00\x01\x00"))
	if err != nil {
		t.Fatal(err)
	}
	if digest(t, reversed) != want {
		t.Error("the order in the file changes the digest")
	}
	dir := t.TempDir()
	put(t, dir, "z1", file(onlyA, 1))
	put(t, dir, "a2", file(onlyB, 2))
	put(t, dir, indexName, []byte(`{"weight_map":{"a":"z1","b":"a2"}}`))
	shards, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer shards.Close()
	if digest(t, shards) != want {
		t.Error("shards change the digest")
	}
}

// TestDigestDiffers holds that whatever differs in a tensor changes the digest,
// the place where one part ends and the next begins as well.
func TestDigestDiffers(t *testing.T) {
	seen := map[[32]byte]int{}
	for i, tensors := range [][]Tensor{
		{},
		{raw("a", U8, []int64{4}, "\x00\x01\x02\x03")},
		{raw("a", U8, []int64{4}, "\x00\x01\x02\x04")},
		{raw("b", U8, []int64{4}, "\x00\x01\x02\x03")},
		{raw("a", "I8", []int64{4}, "\x00\x01\x02\x03")},
		{raw("a", U8, []int64{2, 2}, "\x00\x01\x02\x03")},
		{raw("a", U8, []int64{4, 1}, "\x00\x01\x02\x03")},
		{raw("a", U8, []int64{1, 4}, "\x00\x01\x02\x03")},
		{raw("a", F32, []int64{}, "\x00\x01\x02\x03")},
		{raw("a", F32, []int64{1}, "\x00\x01\x02\x03")},
		{raw("a", U8, []int64{2}, "\x00\x01"), raw("b", U8, []int64{2}, "\x02\x03")},
		{raw("a", U8, []int64{3}, "\x00\x01\x02"), raw("b", U8, []int64{1}, "\x03")},
		{raw("aU8", U8, []int64{}, "\x00")},
		{raw("a", U8, []int64{}, "\x00")},
		{raw("a", U8, []int64{0}, "")},
		{raw("a", U8, []int64{0, 0}, "")},
	} {
		sum := digest(t, written(t, nil, tensors...))
		if j, ok := seen[sum]; ok {
			t.Errorf("cases %d and %d have one digest", i, j)
		}
		seen[sum] = i
	}
}

// TestDigestOracle compares the digest of tensors around the size of a piece
// with one that Python computes from the definition.
func TestDigestOracle(t *testing.T) {
	var tensors []Tensor
	for i, size := range []int64{pieceSize - 1, pieceSize, pieceSize + 1, 2 * pieceSize, 1, 0} {
		data := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, pieceSize/3)[i:][:size]
		tensors = append(tensors, Tensor{fmt.Sprint(i), U8, []int64{size}, bytes.NewReader(data)})
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := WriteFile(path, nil, tensors...); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sum := digest(t, s)
	want := strings.TrimSpace(string(oracle(t, nil, "digest", path)))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("Digest() = %s, want %s", got, want)
	}
}

func BenchmarkDigest(b *testing.B) {
	var file bytes.Buffer
	if err := Write(&file, nil, Float32("a", []int64{64 << 18}, make([]float32, 64<<18))); err != nil {
		b.Fatal(err)
	}
	s, err := parse(file.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(64 << 20)
	for b.Loop() {
		if _, err := s.Digest(); err != nil {
			b.Fatal(err)
		}
	}
}
