package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/torch"
)

// The parameters of the tiny model, counted by hand.
const (
	tinyVocab  = 262
	tinyUnique = tinyVocab*tinyWidth + tinyContext*tinyWidth + tinyBlocks*(2*2*tinyWidth+
		tinyWidth*3*tinyWidth+3*tinyWidth+tinyWidth*tinyWidth+tinyWidth+ // attention
		2*4*tinyWidth*tinyWidth+4*tinyWidth+tinyWidth) + 2*tinyWidth
	tinyByModule = tinyUnique + tinyVocab*tinyWidth
)

func TestModelInfo(t *testing.T) {
	model := tiny(t)
	text := good(t, "model", "info", model)
	if again := good(t, "model", "info", "--model", model); again != text {
		t.Errorf("--model says otherwise:\n%s\nthan the argument:\n%s", again, text)
	}
	for _, want := range []string{
		"model        " + model, "gpt2, 2 blocks, 4 heads, head tied", "width C 16, vocabulary V 262, context 24",
		"in float32 on cpu, sdpa attention", "F32 (28 tensors)", thousands(tinyUnique) + ", each once; " + thousands(tinyByModule) + ", module by module",
		fmt.Sprintf("%.1f MB", 4*float64(tinyUnique)/1e6), "\n  wte\n", "\n  h.0\n    h.0.ln_1\n    h.0.attn\n      h.0.attn.c_attn\n", "\n  ... and the same up to h.1 (--tree lists them)\n  ln_f\n  lm_head\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	tree := good(t, "model", "info", model, "--tree")
	if !strings.Contains(tree, "\n    h.1.mlp\n      h.1.mlp.c_fc\n") || strings.Contains(tree, "...") {
		t.Errorf("--tree: %s", tree)
	}

	var info modelInfo
	if err := json.Unmarshal([]byte(good(t, "model", "info", model, "--json")), &info); err != nil {
		t.Fatal(err)
	}
	if info.Name != model || info.Family != "gpt2" || info.Blocks != 2 || info.Width != 16 || info.Heads != 4 || info.Context != 24 || info.Vocab != 262 || !info.Tied {
		t.Errorf("sizes %+v", info)
	}
	if info.Unique != tinyUnique || info.Modules != tinyByModule || info.Bytes != 4*tinyUnique || info.Stored["F32"] != 28 {
		t.Errorf("%d and %d parameters, %d bytes, stored %v", info.Unique, info.Modules, info.Bytes, info.Stored)
	}
	for _, sum := range []string{info.WeightsSum, info.ConfigSum, info.TokenSum} {
		if len(sum) != 64 || !strings.Contains(text, sum) {
			t.Errorf("digest %q", sum)
		}
	}
	var config map[string]any
	if err := json.Unmarshal(info.Config, &config); err != nil || config["n_embd"] != 16.0 {
		t.Errorf("config %s (%v)", info.Config, err)
	}
	if d := lensJSON(t, model, "the"); d.Manifest["weights"] != info.WeightsSum || d.Manifest["config"] != info.ConfigSum || d.Manifest["tokenizer"] != info.TokenSum {
		t.Errorf("the manifest has other digests: %v", d.Manifest)
	}
}

// TestModelInfoWithoutTokenizer: a model can be looked at before its vocabulary is there.
func TestModelInfoWithoutTokenizer(t *testing.T) {
	c := newCheckpoint(t)
	c.files = nil
	got := golens(t, "model", "info", c.write(t))
	if got.code != 0 || !strings.HasPrefix(got.stderr, "golens: warning: ") || !strings.Contains(got.stderr, "vocab.json") || strings.Contains(got.out, "tokenizer") {
		t.Errorf("%+v", got)
	}
}

// TestNothingStaysOpen: a closed model holds no file and no tensor.
func TestNothingStaysOpen(t *testing.T) {
	dir := tiny(t)
	once := func() {
		good(t, "lens", "the", "--model", dir, "--scale", "h.0=2", "--json", filepath.Join(t.TempDir(), "x.json"))
	}
	once() // what stays for good is there after the first run
	open, live := files(t, "/proc/self/fd"), torch.Live()
	for range 3 {
		once()
	}
	if after := files(t, "/proc/self/fd"); len(after) != len(open) || torch.Live() != live {
		t.Errorf("%d files and %d tensors are open, before %d and %d", len(after), torch.Live(), len(open), live)
	}
}

// TestOddCheckpoint: what is odd about a checkpoint is said, and does not hinder.
func TestOddCheckpoint(t *testing.T) {
	c := newCheckpoint(t)
	c.tensors["h.0.adapter.weight"] = tensor{[]int64{1}, []float32{0}}
	got := golens(t, "lens", "the", "--model", c.write(t))
	if got.code != 0 || !strings.HasPrefix(got.stderr, "golens: warning: ") || !strings.Contains(got.stderr, "h.0.adapter.weight") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("%+v", got)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 124439808: "124,439,808"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
