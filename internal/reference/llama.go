package reference

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// llamaWords are the words of the Llama's vocabulary; ▁ is a space.
var llamaWords = []string{"▁the", "▁Rome", "Rome", "▁New", "▁York", "▁cat", "▁."}

// Llama returns the folder of a random Llama with a tokenizer like Llama 2's: it puts <s> in front
// of a prompt and a space in front of every text. It spells what is not among its few words in
// characters and bytes. The folder is the test's own.
func Llama(t testing.TB) string {
	t.Helper()
	from, dir := Model(t, "llama2-96"), t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors"} {
		if err := os.Symlink(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	vocab, merges := map[string]int{"<unk>": 0, "<s>": 1, "</s>": 2}, []string{}
	for b := range 256 {
		vocab[fmt.Sprintf("<0x%02X>", b)] = 3 + b
	}
	add := func(piece string) bool {
		if _, ok := vocab[piece]; ok {
			return false
		}
		vocab[piece] = len(vocab)
		return true
	}
	add("▁")
	for r := '!'; r <= '~'; r++ {
		add(string(r))
	}
	for _, word := range llamaWords {
		runes := []rune(word)
		for n := 2; n <= len(runes); n++ {
			if add(string(runes[:n])) {
				merges = append(merges, string(runes[:n-1])+" "+string(runes[n-1]))
			}
		}
	}
	type object = map[string]any
	special := func(id int, content string) object {
		return object{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
	}
	write := func(name string, v any) {
		b, err := json.Marshal(v)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("tokenizer.json", object{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens": []any{special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")},
		"normalizer": object{"type": "Sequence", "normalizers": []any{
			object{"type": "Prepend", "prepend": "▁"}, object{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}}},
		"pre_tokenizer": nil,
		"post_processor": object{"type": "TemplateProcessing",
			"single":         []any{object{"SpecialToken": object{"id": "<s>", "type_id": 0}}, object{"Sequence": object{"id": "A", "type_id": 0}}},
			"pair":           []any{object{"Sequence": object{"id": "A", "type_id": 0}}, object{"Sequence": object{"id": "B", "type_id": 1}}},
			"special_tokens": object{"<s>": object{"id": "<s>", "ids": []int{1}, "tokens": []string{"<s>"}}}},
		"decoder": object{"type": "Sequence", "decoders": []any{
			object{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "}, object{"type": "ByteFallback"}, object{"type": "Fuse"},
			object{"type": "Strip", "content": " ", "start": 1, "stop": 0}}},
		"model": object{"type": "BPE", "dropout": nil, "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": vocab, "merges": merges},
	})
	write("tokenizer_config.json", object{"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "clean_up_tokenization_spaces": false})
	return dir
}
