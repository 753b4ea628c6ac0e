package reference

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Edit returns a copy of a checkpoint of one float32 file, in which elements of a tensor,
// numbered row by row, have other values: NaN and infinities, which no preset has.
func Edit(t testing.TB, dir, tensor string, values map[int]float32) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(to, "model.safetensors")
	all, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin := 8 + int(binary.LittleEndian.Uint64(all))
	var header map[string]json.RawMessage
	if err := json.Unmarshal(all[8:begin], &header); err != nil {
		t.Fatal(err)
	}
	var entry struct {
		DType   string `json:"dtype"`
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(header[tensor], &entry); err != nil || entry.DType != "F32" {
		t.Fatalf("%s has no float32 tensor %s: %s", dir, tensor, header[tensor])
	}
	data := all[begin+entry.Offsets[0] : begin+entry.Offsets[1]]
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	if err := os.WriteFile(file, all, 0o666); err != nil {
		t.Fatal(err)
	}
	return to
}
