package token

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type object = map[string]any

// folderCases are folders of trained tokenizers with other settings beside them.
var folderCases = []struct {
	name, kind string
	config     object // tokenizer_config.json; nil for none
	model      object // config.json
	special    object // special_tokens_map.json
	oldAdded   object // added_tokens.json
	twoFiles   bool   // vocab.json and merges.txt in place of tokenizer.json
	options    object // to from_pretrained
	bos        string // to WithBOS, with options
}{
	{name: "llama, nothing said", kind: "llama2", model: object{"model_type": "llama"}},
	{name: "llama, legacy", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizerFast", "legacy": true}, model: object{"model_type": "llama"}},
	{name: "llama, legacy unsaid", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizer"}, model: object{"model_type": "llama"}},
	{name: "llama, no space in front", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizer", "add_prefix_space": false}, model: object{"model_type": "llama"}},
	{name: "llama, as the file says", kind: "llama2", config: object{"tokenizer_class": "PreTrainedTokenizerFast"}, model: object{"model_type": "llama"}},
	{name: "llama, class in config.json", kind: "llama2", config: object{}, model: object{"model_type": "llama", "tokenizer_class": "LlamaTokenizer"}},
	{name: "llama, no type of model", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizer"}},
	{name: "llama, no unk among the tokens", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizer", "unk_token": nil, "pad_token": "<pad>",
		"added_tokens_decoder": object{"1": object{"content": "<s>", "lstrip": false, "rstrip": true, "normalized": false, "single_word": false, "special": true}}}, model: object{"model_type": "llama"}},
	{name: "llama, tokens in the old file", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizer"}, model: object{"model_type": "llama"},
		special: object{"bos_token": object{"content": "<s>", "lstrip": false, "rstrip": false, "normalized": true, "single_word": false}, "pad_token": "<pad>"}},
	{name: "llama's file, Gemma's class", kind: "llama2", config: object{"tokenizer_class": "GemmaTokenizer"}, model: object{"model_type": "gemma2"}},
	{name: "mistral, legacy", kind: "llama2", config: object{"tokenizer_class": "LlamaTokenizer", "legacy": true, "add_prefix_space": true}, model: object{"model_type": "mistral"}},
	{name: "byte-level, Llama's class", kind: "llama3", config: object{"tokenizer_class": "LlamaTokenizerFast"}, model: object{"model_type": "llama"}},
	{name: "llama 3, Qwen's class", kind: "llama3", config: object{"tokenizer_class": "Qwen2Tokenizer"}, model: object{"model_type": "llama"}},
	{name: "tekken, Llama's class", kind: "tekken", config: object{"tokenizer_class": "LlamaTokenizer"}, model: object{"model_type": "mistral"}},
	{name: "qwen2, wrong class", kind: "llama3", config: object{"tokenizer_class": "LlamaTokenizer"}, model: object{"model_type": "qwen2"}},
	{name: "qwen3, another class", kind: "qwen2", config: object{"tokenizer_class": "GPT2Tokenizer"}, model: object{"model_type": "qwen3"}},
	{name: "qwen3, no class", kind: "llama3", config: object{}, model: object{"model_type": "qwen3"}},
	{name: "pythia, add_bos_token", kind: "neox", config: object{"tokenizer_class": "GPTNeoXTokenizer", "add_bos_token": true}, model: object{"model_type": "gpt_neox"}},
	{name: "pythia, no class", kind: "phi", config: object{}, model: object{"model_type": "gpt_neox"}},
	{name: "pythia, GPT-2's class", kind: "neox", config: object{"tokenizer_class": "GPT2TokenizerFast"}, model: object{"model_type": "gpt_neox"}},
	{name: "pythia, a template", kind: "llama3", config: object{"tokenizer_class": "GPTNeoXTokenizer"}, model: object{"model_type": "gpt_neox"}},
	{name: "gpt2, a template", kind: "llama3", config: object{"tokenizer_class": "GPT2Tokenizer"}, model: object{"model_type": "gpt2"}},
	{name: "gpt2, space in front", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true}, model: object{"model_type": "gpt2"}},
	{name: "gpt2, no settings", kind: "gpt2", model: object{"model_type": "gpt2"}},
	{name: "phi, extra tokens", kind: "phi", config: object{"tokenizer_class": "CodeGenTokenizer", "extra_special_tokens": []string{"<one>", "<two>"}}, model: object{"model_type": "phi"}},
	{name: "phi, more tokens", kind: "phi", config: object{"tokenizer_class": "CodeGenTokenizer", "additional_special_tokens": []string{"<one>"},
		"added_tokens_decoder": object{"9": object{"content": "<nine>", "lstrip": true, "rstrip": false, "normalized": true, "single_word": true, "special": false},
			"10": object{"content": "the", "lstrip": false, "rstrip": true, "normalized": false, "single_word": true, "special": false}}}, model: object{"model_type": "phi"}},
	{name: "phi, a new bos", kind: "phi", config: object{"tokenizer_class": "CodeGenTokenizer"}, model: object{"model_type": "phi"},
		options: object{"add_bos_token": true, "bos_token": "<bos>"}, bos: "<bos>"},
	{name: "gpt2, a new bos", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer"}, model: object{"model_type": "gpt2"},
		options: object{"add_bos_token": true, "bos_token": "<bos>"}, bos: "<bos>"},
	{name: "gpt2, its own bos", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer"}, model: object{"model_type": "gpt2"},
		options: object{"add_bos_token": true, "bos_token": "<|endoftext|>"}, bos: "<|endoftext|>"},
	{name: "other flags than the file's", kind: "llama3", config: object{"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>",
		"added_tokens_decoder": object{"3000": object{"content": "<|end_of_text|>", "lstrip": false, "rstrip": true, "normalized": false, "single_word": false, "special": true},
			"3001": object{"content": "<|begin_of_text|>", "lstrip": true, "rstrip": false, "normalized": false, "single_word": false, "special": false}}}, model: object{"model_type": "llama"}},
	{name: "other flags than the file's, normalised", kind: "qwen2", config: object{"tokenizer_class": "TokenizersBackend", "eos_token": object{"__type": "AddedToken", "content": "é<x>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": true},
		"added_tokens_decoder": object{"0": object{"content": "e\u0301e", "lstrip": false, "rstrip": true, "normalized": true, "single_word": false, "special": false}}}, model: object{"model_type": "llama"}},
	{name: "extra tokens by name", kind: "qwen2", config: object{"tokenizer_class": "Qwen2Tokenizer", "extra_special_tokens": object{"image_token": "<image>"}, "audio_token": "<audio>", "model_max_length": 1e30}, model: object{"model_type": "qwen2"}},
	{name: "a token of a name of its own", kind: "llama3", config: object{"tokenizer_class": "PreTrainedTokenizerFast", "audio_token": "<audio>", "add_bos_token": nil}, model: object{"model_type": "llama"}},
	{name: "old added tokens", kind: "phi", config: object{"tokenizer_class": "CodeGenTokenizer", "pad_token": "<p>"}, model: object{"model_type": "phi"}, oldAdded: object{"  \t": 3050, "<p>": 3049, "e\u0301": 3048}},
	{name: "old added tokens beside the file as it is", kind: "llama3", config: object{"tokenizer_class": "PreTrainedTokenizerFast"}, model: object{"model_type": "llama"}, oldAdded: object{"<x>": 4000}},
	{name: "two files, old added tokens", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer"}, model: object{"model_type": "gpt2"}, oldAdded: object{"  ": 3001, "<x>": 3000}, twoFiles: true},
	{name: "two files", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer"}, model: object{"model_type": "gpt2"}, twoFiles: true},
	{name: "two files, add_bos_token", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "pad_token": "<pad>"}, model: object{"model_type": "opt"}, twoFiles: true},
	{name: "two files, bos and eos", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "add_eos_token": true, "bos_token": "</s>", "eos_token": object{"__type": "AddedToken", "content": "</e>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false}}, model: object{"model_type": "opt"}, twoFiles: true},
	{name: "two files, Qwen", kind: "gpt2", config: object{"tokenizer_class": "Qwen2Tokenizer"}, model: object{"model_type": "qwen2"}, twoFiles: true},
	{name: "two files, Pythia", kind: "gpt2", config: object{"tokenizer_class": "GPTNeoXTokenizer"}, model: object{"model_type": "gpt_neox"}, twoFiles: true},
	{name: "two files, space in front", kind: "gpt2", config: object{"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true}, model: object{"model_type": "gpt2"}, twoFiles: true},
}

// A folder's ids and texts are those of transformers' AutoTokenizer, whatever the
// files beside its tokenizer say.
func TestFoldersAreTransformers(t *testing.T) {
	dir := trained(t)
	var questions []jsonQuestion
	var tokenizers []*Tokenizer
	for _, c := range folderCases {
		folder := t.TempDir()
		for name, value := range map[string]object{configFile: c.config, modelConfigFile: c.model, specialMapFile: c.special, oldAddedFile: c.oldAdded} {
			if value != nil {
				writeJSON(t, filepath.Join(folder, name), value)
			}
		}
		if c.twoFiles {
			kind, err := Open(filepath.Join(dir, c.kind))
			if err != nil {
				t.Fatal(err)
			}
			if err := kind.Save(folder); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(folder, vocabFile)); err != nil {
				t.Fatal(err)
			}
		} else if err := os.CopyFS(filepath.Join(folder, "x"), os.DirFS(filepath.Join(dir, c.kind))); err != nil {
			t.Fatal(err)
		} else if err := os.Rename(filepath.Join(folder, "x", tokenizerJSON), filepath.Join(folder, tokenizerJSON)); err != nil {
			t.Fatal(err)
		}
		tokenizer, err := Open(folder)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.options != nil {
			if tokenizer, err = tokenizer.WithBOS(c.bos); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		texts := textsFor(tokenizer.asSpec().added, 300)
		questions = append(questions, jsonQuestion{Folder: folder, Options: c.options, Texts: texts, IDs: idsFor(tokenizer, texts, 100)})
		tokenizers = append(tokenizers, tokenizer)
	}
	for i, answer := range askHuggingFace(t, questions...) {
		t.Run(strings.ReplaceAll(folderCases[i].name, ",", ""), func(t *testing.T) {
			compareWith(t, tokenizers[i], questions[i], answer)
		})
	}
}

func writeJSON(t *testing.T, path string, value any) {
	t.Helper()
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
