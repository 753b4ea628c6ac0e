package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spoiled writes a checkpoint that one thing is wrong with, before or after it is
// written, and reads a prompt with it.
func spoiled(before func(*hfCheckpoint), after func(t *testing.T, dir string)) func(*testing.T, string) []string {
	return func(t *testing.T, _ string) []string {
		c := newCheckpoint(t)
		if before != nil {
			before(c)
		}
		dir := c.write(t)
		if after != nil {
			after(t, dir)
		}
		return []string{"lens", "the cat", "--model", dir}
	}
}

// configured is spoiled with other values in config.json.
func configured(key string, value any) func(*testing.T, string) []string {
	return spoiled(func(c *hfCheckpoint) { c.config[key] = value }, nil)
}

// filed is spoiled with another file in the checkpoint's folder; nil takes it away.
func filed(name string, data []byte) func(*testing.T, string) []string {
	return spoiled(nil, func(t *testing.T, dir string) {
		if data == nil {
			remove(t, dir, name)
			return
		}
		put(t, dir, name, data)
	})
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// bytesOf is spoiled with other bytes in model.safetensors.
func bytesOf(change func([]byte) []byte) func(*testing.T, string) []string {
	return spoiled(nil, func(t *testing.T, dir string) {
		old, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, "model.safetensors", change(old))
	})
}

type headerEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// headerOf is spoiled with another header in front of the same tensors.
func headerOf(change func(map[string]*headerEntry)) func(*testing.T, string) []string {
	return bytesOf(func(old []byte) []byte {
		n := binary.LittleEndian.Uint64(old)
		var header map[string]*headerEntry
		if err := json.Unmarshal(old[8:8+n], &header); err != nil {
			panic(err)
		}
		change(header)
		text, err := json.Marshal(header)
		if err != nil {
			panic(err)
		}
		return withHeader(string(text), old[8+n:])
	})
}

func withHeader(header string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

// badModels are models that are not there, or not whole.
func badModels() []bad {
	return append(badWeights(), []bad{
		{name: "no such folder", args: call("lens", "x", "--model", "./nosuch"), code: 1, says: []string{"no folder ./nosuch"}},
		{name: "no such name", args: call("lens", "x", "--model", "gpt3"), code: 1, says: []string{"gpt3", "Hugging Face cache", "golens model fetch gpt3", "HF_HUB_OFFLINE is set"}},
		{name: "no such name for tokens", args: call("tokens", "x", "--model", "gpt3"), code: 1, says: []string{"gpt3", "golens model fetch gpt3"}},
		{name: "no such name for info", args: call("model", "info", "gpt3"), code: 1, says: []string{"gpt3", "golens model fetch gpt3"}},
		{name: "a name that none can be", args: call("lens", "x", "--model", "gpt 2"), code: 1, says: []string{`"gpt 2"`, "not a name"}},
		{name: "a name in the environment", args: func(t *testing.T, _ string) []string {
			t.Setenv(modelVariable, "gpt3")
			return []string{"lens", "x"}
		}, code: 1, says: []string{"gpt3", "$HF_MODEL_LENS"}},
		{name: "a file", args: func(t *testing.T, dir string) []string {
			return []string{"lens", "x", "--model", put(t, dir, "model.txt", []byte("x"))}
		}, code: 1, says: []string{"model.txt", "neither a folder nor"}},
		{name: "an empty folder", args: func(t *testing.T, dir string) []string {
			return []string{"lens", "x", "--model", dir}
		}, code: 1, says: []string{"config.json", "missing"}},

		{name: "no config", args: filed("config.json", nil), code: 1, says: []string{"config.json", "missing"}},
		{name: "config no JSON", args: filed("config.json", []byte("{\n  \"n_layer\": 2,,\n}")), code: 1, says: []string{"config.json", "line 2"}},
		{name: "config empty", args: filed("config.json", []byte{}), code: 1, says: []string{"config.json"}},
		{name: "config twice the same key", args: filed("config.json", []byte(`{"n_embd": 1, "n_embd": 2}`)), code: 1, says: []string{"config.json", `"n_embd"`, "twice"}},
		{name: "unknown architecture", args: configured("model_type", "bert"), code: 1, says: []string{"config.json", `"bert"`, "gpt2", "llama"}},
		{name: "no architecture", args: configured("model_type", nil), code: 1, says: []string{"config.json", "model_type"}},
		{name: "unknown activation", args: configured("activation_function", "laplace"), code: 1, says: []string{"config.json", `"laplace"`}},
		{name: "heads that do not divide", args: configured("n_head", 5), code: 1, says: []string{"config.json", "16", "5"}},
		{name: "no heads", args: configured("n_head", 0), code: 1, says: []string{"config.json", "n_head is 0"}},
		{name: "width as text", args: configured("n_embd", "wide"), code: 1, says: []string{"config.json", "n_embd", "whole number"}},
		{name: "a width beyond all memory", args: configured("n_embd", 1<<40), code: 1, says: []string{"config.json", "n_embd"}},
		{name: "config of another width", args: configured("n_embd", 32), code: 1, says: []string{"wte.weight", "[262 16]", "[262 32]", "config.json"}},
		{name: "config of another vocabulary", args: configured("vocab_size", 300), code: 1, says: []string{"wte.weight", "[262 16]", "[300 16]"}},
		{name: "config of more blocks", args: configured("n_layer", 3), code: 1, says: []string{"no tensor h.2.", "config.json"}},
		{name: "config of an untied head", args: configured("tie_word_embeddings", false), code: 1, says: []string{"head", "not tied", "lm_head.weight"}},

		{name: "no vocabulary", args: spoiled(func(c *hfCheckpoint) { c.files = nil }, nil), code: 1, says: []string{"vocab.json", "merges.txt", "262"}},
		{name: "no vocabulary for tokens", args: func(t *testing.T, _ string) []string {
			c := newCheckpoint(t)
			c.files = nil
			return []string{"tokens", "x", "--model", c.write(t)}
		}, code: 1, says: []string{"vocab.json", "262"}},
		{name: "no merges", args: filed("merges.txt", nil), code: 1, says: []string{"no merges.txt"}},
		{name: "no pieces", args: filed("vocab.json", nil), code: 1, says: []string{"no vocab.json"}},
		{name: "merges broken", args: filed("merges.txt", []byte("#version: 0.2\nt h\nth\n")), code: 1, says: []string{"merges.txt", "line 3", `"th"`}},
		{name: "merges of another model", args: filed("merges.txt", []byte("t h\nth a\n")), code: 1, says: []string{"merges.txt", "line 2", `"tha"`}},
		{name: "merges twice", args: filed("merges.txt", []byte("t h\nt h\n")), code: 1, says: []string{"merges.txt", "twice"}},
		{name: "merges empty", args: spoiled(func(c *hfCheckpoint) {
			c.files["vocab.json"] = []byte(strings.Replace(string(c.files["vocab.json"]), "{", manyPieces()+",", 1))
			c.files["merges.txt"] = nil
		}, nil), code: 1, says: []string{"merges.txt", "cut off"}},
		{name: "pieces no JSON", args: filed("vocab.json", []byte("[1, 2")), code: 1, says: []string{"vocab.json"}},
		{name: "pieces with a gap", args: filed("vocab.json", []byte(`{"a": 0, "b": 2}`)), code: 1, says: []string{"vocab.json", "id 1"}},
		{name: "pieces without all bytes", args: filed("vocab.json", []byte(`{"t": 0, "h": 1, "th": 2, "e": 3, "the": 4, "Ġ": 5, "Ġthe": 6, "i": 7, "n": 8, "in": 9, "c": 10, "Ġc": 11}`)), code: 1, says: []string{"vocab.json"}},
		{name: "pieces beyond the model", args: spoiled(func(c *hfCheckpoint) {
			c.config["vocab_size"] = 200
			wte := c.tensors["wte.weight"]
			c.tensors["wte.weight"] = tensor{[]int64{200, tinyWidth}, wte.values[:200*tinyWidth]}
		}, nil), code: 2, says: []string{"257", "vocabulary", "200"}},
	}...)
}

// manyPieces returns the start of a vocab.json with a hundred long pieces.
func manyPieces() string {
	var s strings.Builder
	s.WriteString("{")
	for i := range 100 {
		if i > 0 {
			s.WriteString(",")
		}
		b, _ := json.Marshal("zz" + strings.Repeat("z", i))
		s.Write(b)
		s.WriteString(": ")
		n, _ := json.Marshal(262 + i)
		s.Write(n)
	}
	return s.String()
}

// badWeights are safetensors that are missing, damaged or not the model's.
func badWeights() []bad {
	return []bad{
		{name: "no weights", args: filed("model.safetensors", nil), code: 1, says: []string{"no model.safetensors", "fetch the weights"}},
		{name: "weights of PyTorch's own kind", args: spoiled(nil, func(t *testing.T, dir string) {
			remove(t, dir, "model.safetensors")
			put(t, dir, "pytorch_model.bin", []byte("PK"))
		}), code: 1, says: []string{"pytorch_model.bin", "not a file of torch.save"}},
		{name: "a shard missing", args: spoiled(nil, func(t *testing.T, dir string) {
			remove(t, dir, "model.safetensors")
			put(t, dir, "model.safetensors.index.json", []byte(`{"weight_map": {"wte.weight": "model-00001-of-00002.safetensors"}}`))
		}), code: 1, says: []string{"model-00001-of-00002.safetensors", "missing"}},
		{name: "a shard outside", args: spoiled(nil, func(t *testing.T, dir string) {
			remove(t, dir, "model.safetensors")
			put(t, dir, "model.safetensors.index.json", []byte(`{"weight_map": {"wte.weight": "../../secret"}}`))
		}), code: 1, says: []string{"../../secret", "inside the folder"}},
		{name: "a link to nothing", args: spoiled(nil, func(t *testing.T, dir string) {
			remove(t, dir, "model.safetensors")
			if err := os.Symlink("../blobs/gone", filepath.Join(dir, "model.safetensors")); err != nil {
				t.Fatal(err)
			}
		}), code: 1, says: []string{"model.safetensors", "link", "gone"}},
		{name: "a pointer of git-lfs", args: filed("model.safetensors", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 548105171\n")), code: 1, says: []string{"git-lfs", "git lfs pull"}},
		{name: "weights empty", args: filed("model.safetensors", []byte{}), code: 1, says: []string{"model.safetensors", "0 bytes"}},
		{name: "cut off in the header", args: bytesOf(func(b []byte) []byte { return b[:200] }), code: 1, says: []string{"model.safetensors", "header claims"}},
		{name: "cut off in a tensor", args: bytesOf(func(b []byte) []byte { return b[:len(b)-100] }), code: 1, says: []string{"model.safetensors", "outside the file"}},
		{name: "bytes too many", args: bytesOf(func(b []byte) []byte { return append(b, 0) }), code: 1, says: []string{"model.safetensors", "1 bytes at the end"}},
		{name: "header of a terabyte", args: bytesOf(func(b []byte) []byte {
			return append(binary.LittleEndian.AppendUint64(nil, 1<<40), b[8:]...)
		}), code: 1, says: []string{"model.safetensors", "1099511627776"}},
		{name: "header of all bytes", args: bytesOf(func(b []byte) []byte {
			return append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), b[8:]...)
		}), code: 1, says: []string{"model.safetensors", "18446744073709551615"}},
		{name: "header no JSON", args: bytesOf(func(b []byte) []byte { return withHeader("{wte", nil) }), code: 1, says: []string{"model.safetensors", "header"}},
		{name: "a name twice", args: bytesOf(func(b []byte) []byte {
			n := binary.LittleEndian.Uint64(b)
			return withHeader(`{"wte.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`+string(b[9:8+n]), b[8+n:])
		}), code: 1, says: []string{"model.safetensors", "wte.weight"}},
		{name: "tensors that overlap", args: headerOf(func(h map[string]*headerEntry) {
			h["ln_f.bias"].Offsets[0] -= 4
			h["ln_f.bias"].Offsets[1] -= 4
		}), code: 1, says: []string{"ln_f.bias", "overlap"}},
		{name: "offsets outside", args: headerOf(func(h map[string]*headerEntry) {
			h["wte.weight"].Offsets = [2]int64{1 << 40, 1<<40 + 262*tinyWidth*4}
		}), code: 1, says: []string{"wte.weight", "outside the file"}},
		{name: "offsets negative", args: headerOf(func(h map[string]*headerEntry) { h["wte.weight"].Offsets = [2]int64{-64, 0} }), code: 1, says: []string{"wte.weight"}},
		{name: "a shape that overflows", args: headerOf(func(h map[string]*headerEntry) { h["wte.weight"].Shape = []int64{1 << 40, 1 << 40} }), code: 1, says: []string{"wte.weight"}},
		{name: "a shape of other size", args: headerOf(func(h map[string]*headerEntry) { h["wte.weight"].Shape = []int64{262, 17} }), code: 1, says: []string{"wte.weight", "[262,17]"}},
		{name: "a shape turned round", args: headerOf(func(h map[string]*headerEntry) { h["h.0.mlp.c_fc.weight"].Shape = []int64{64, 16} }), code: 1, says: []string{"h.0.mlp.c_fc.weight", "[64 16]", "[16 64]"}},
		{name: "whole numbers for weights", args: headerOf(func(h map[string]*headerEntry) { h["ln_f.weight"].DType = "I32" }), code: 1, says: []string{"ln_f.weight", "I32", "F32"}},
		{name: "a type of nobody's", args: headerOf(func(h map[string]*headerEntry) { h["ln_f.weight"].DType = "F99" }), code: 1, says: []string{"ln_f.weight", "F99"}},
		{name: "a tensor missing", args: spoiled(func(c *hfCheckpoint) { delete(c.tensors, "h.1.mlp.c_fc.bias") }, nil), code: 1, says: []string{"no tensor h.1.mlp.c_fc.bias", "config.json"}},
		{name: "no tensors at all", args: spoiled(func(c *hfCheckpoint) { c.tensors = map[string]tensor{} }, nil), code: 1, says: []string{"no tensor", "not complete"}},
	}
}
