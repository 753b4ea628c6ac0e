package model_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// recorded is an array as the nano-sort files hold it.
type recorded struct {
	Shape []int64
	Data  string // base64 of little-endian float32
}

func (r recorded) values(t *testing.T) []float32 {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(r.Data)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// readRecorded reads a nano-sort file: arrays by name, beside a configuration.
func readRecorded(t *testing.T, path string) map[string]recorded {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]recorded{}
	for name, raw := range all {
		var r recorded
		if json.Unmarshal(raw, &r) == nil && r.Data != "" {
			out[name] = r
		}
	}
	return out
}

// TestNanoSort runs a small trained GPT and compares what it computes on the way
// with what PyTorch recorded, on whichever machine that was: within 2e-6, which is
// what a float64 recomputation allows for.
func TestNanoSort(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "models", "nano-sort")
	if _, err := os.Stat(dir); err != nil {
		untested.Here(t, "the recorded nano-sort model is not there; equality with live transformers is tested in lens")
	}
	weights := readRecorded(t, filepath.Join(dir, "gpt-nano-sort-model.json"))
	want := readRecorded(t, filepath.Join(dir, "gpt-nano-sort-t0-partials.json"))

	folder := t.TempDir()
	config := `{"model_type": "gpt2", "n_layer": 3, "n_head": 3, "n_embd": 48, "vocab_size": 3, "n_positions": 11, "tie_word_embeddings": false}`
	if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(config), 0o666); err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for name, r := range weights {
		v := r.values(t)
		if strings.Contains(name, ".c_") && strings.HasSuffix(name, ".weight") {
			v, r.Shape = transposed(v, r.Shape) // recorded as [out,in]; GPT-2 has [in,out]
		}
		tensors = append(tensors, safetensors.Float32(name, r.Shape, v))
	}
	if err := safetensors.WriteFile(filepath.Join(folder, "model.safetensors"), nil, tensors...); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(folder, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()

	points := map[string]string{
		"tok_emb": "wte", "pos_emb": "wpe", "x": "drop", "ln1": "h.0.ln_1", "qkv": "h.0.attn.c_attn",
		"y": "h.0.attn.c_proj:in", "yProj": "h.0.attn", "attnResid": "h.0.resid_mid", "ln2": "h.0.ln_2",
		"fc": "h.0.mlp.c_fc", "gelu": "h.0.mlp.act", "mlp": "h.0.mlp", "mlpResid": "h.0.resid_post", "block0": "h.0",
		"block1": "h.1", "block2": "h.2", "ln_f": "ln_f", "lm_head": "lm_head",
	}
	h := &hooks.Registry{}
	for _, point := range points {
		h.Capture(point)
	}
	batch := want["idx"].values(t)
	for b := range 3 {
		ids := make([]int64, 11)
		for i := range ids {
			ids[i] = int64(batch[b*11+i])
		}
		err := m.Hold(context.Background(), func(s model.Session) error {
			run, err := s.Forward(ids, h)
			if err != nil {
				return err
			}
			defer run.Close()
			for name, point := range points {
				got, err := torch.Values[float32](run.Captured(point))
				if err != nil {
					return fmt.Errorf("%s: %w", point, err)
				}
				all := want[name].values(t)
				row := all[:]
				if len(all) > len(got) {
					row = all[b*len(got) : (b+1)*len(got)]
				}
				near(t, fmt.Sprintf("batch row %d: %s at %s", b, name, point), got, row)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func transposed(v []float32, shape []int64) ([]float32, []int64) {
	rows, cols := int(shape[0]), int(shape[1])
	out := make([]float32, len(v))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = v[i*cols+j]
		}
	}
	return out, []int64{shape[1], shape[0]}
}

func near(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Errorf("%s: %d values, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= 2e-6) {
			t.Errorf("%s: value %d is %g, recorded %g", name, i, got[i], want[i])
			return
		}
	}
}
