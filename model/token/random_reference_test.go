package token

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// pick returns one of the values.
func pick[T any](rng *rand.Rand, values ...T) T { return values[rng.IntN(len(values))] }

// randomPattern returns a pattern as a tokenizer.json writes it.
func randomPattern(rng *rand.Rand) object {
	return pick(rng, object{"String": " "}, object{"String": "▁"}, object{"String": "a"}, object{"String": "ab."},
		object{"Regex": `\s+`}, object{"Regex": `[^\s\p{L}]+|\p{Lu}`}, object{"Regex": `\p{N}{1,3}`}, object{"Regex": `\s+(?!\S)|\s+`},
		object{"Regex": ` ?\p{L}+`}, object{"Regex": `(?:e|é|\p{M})+`}, object{"Regex": `^.|.$`},
		object{"Regex": foldedContractions + `|[a-z]{2,4}?`}, object{"Regex": `[\u4e00-\u9fff]|(?=\d)\p{N}`})
}

func randomNormalizer(rng *rand.Rand, depth int) any {
	switch kind := rng.IntN(9); {
	case kind == 0 && depth < 2:
		list := []any{}
		for range rng.IntN(4) {
			if n := randomNormalizer(rng, depth+1); n != nil {
				list = append(list, n)
			}
		}
		return object{"type": "Sequence", "normalizers": list}
	case kind < 5:
		return object{"type": pick(rng, "NFC", "NFD", "NFKC", "NFKD")}
	case kind == 5:
		return object{"type": "Prepend", "prepend": pick(rng, "▁", " ", "ab")}
	case kind < 8:
		return object{"type": "Replace", "pattern": randomPattern(rng), "content": pick(rng, "▁", "xy", " ")} // with nothing in place of a whole added token the library does not come back
	}
	return nil
}

func randomCutter(rng *rand.Rand, depth int) any {
	switch kind := rng.IntN(9); {
	case kind < 2 && depth < 2:
		list := []any{}
		for range rng.IntN(4) {
			if p, ok := randomCutter(rng, depth+1).(object); ok && !hasBytes(p) {
				list = append(list, p)
			}
		}
		if rng.IntN(2) == 0 {
			list = append(list, object{"type": "ByteLevel", "add_prefix_space": rng.IntN(2) == 0, "trim_offsets": true, "use_regex": rng.IntN(2) == 0})
		}
		return object{"type": "Sequence", "pretokenizers": list}
	case kind < 5:
		return object{"type": "Split", "pattern": randomPattern(rng), "invert": rng.IntN(3) == 0,
			"behavior": pick(rng, "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")}
	case kind == 5:
		return object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": pick(rng, "always", "first", "never"), "split": rng.IntN(2) == 0}
	case kind == 6:
		return object{"type": "Digits", "individual_digits": rng.IntN(2) == 0}
	case kind == 7:
		return object{"type": "ByteLevel", "add_prefix_space": rng.IntN(2) == 0, "trim_offsets": false, "use_regex": rng.IntN(2) == 0}
	}
	return nil
}

// hasBytes reports whether a cutter writes in the byte alphabet.
func hasBytes(p object) bool {
	if list, ok := p["pretokenizers"].([]any); ok {
		for _, v := range list {
			if hasBytes(v.(object)) {
				return true
			}
		}
	}
	return p["type"] == "ByteLevel"
}

func randomDecoder(rng *rand.Rand) any {
	replace := object{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "}
	switch rng.IntN(6) {
	case 0:
		return object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}
	case 1:
		return object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": pick(rng, "always", "first", "never"), "split": true}
	case 2:
		return object{"type": "Sequence", "decoders": []any{replace, object{"type": "Replace", "pattern": object{"Regex": "[aeiou]+"}, "content": "_"},
			object{"type": "Strip", "content": " ", "start": rng.IntN(3), "stop": 0}}}
	case 3:
		return object{"type": "Fuse"}
	case 4:
		steps := []any{replace, object{"type": "ByteFallback"}}
		if rng.IntN(3) > 0 {
			steps = append(steps, object{"type": "Fuse"})
		}
		if len(steps) == 3 && rng.IntN(2) == 0 {
			steps = append(steps, object{"type": "Strip", "content": " ", "start": 1 + rng.IntN(2), "stop": 0})
		}
		return object{"type": "Sequence", "decoders": steps}
	}
	return nil
}

// randomAdded returns added tokens of every kind, which overlap and look like others.
func randomAdded(rng *rand.Rand) []addedToken {
	all := []addedToken{}
	contents := []string{"<s>", "<s>>", "</s>", "the", " the", "a", "ab", "  ", "   ", "\n\n", "▁", "▁▁", "é", "e\u0301", "<|endoftext|>", "<é>", "ﬁ", "漢", "1", "'s", " ", "Hello"}
	rng.Shuffle(len(contents), func(i, j int) { contents[i], contents[j] = contents[j], contents[i] })
	for _, content := range contents[:rng.IntN(14)] {
		all = append(all, addedToken{
			Content: content,
			LStrip:  rng.IntN(3) == 0, RStrip: rng.IntN(3) == 0, SingleWord: rng.IntN(3) == 0,
			Normalized: rng.IntN(2) == 0, Special: rng.IntN(3) == 0,
		})
	}
	return all
}

// collide reports whether two added tokens are searched as the same text.
func collide(t *Tokenizer) bool {
	seen := map[string]bool{}
	for _, a := range t.asSpec().added {
		if content := t.pipeline.normalize(a.Content); a.Normalized {
			if seen[content] {
				return true
			}
			seen[content] = true
		}
	}
	return false
}

// Files put together at random, of all parts that golens reads, give the ids and
// texts of Hugging Face's tokenizers.
func TestRandomFilesArePythons(t *testing.T) {
	dir, made := trained(t), t.TempDir()
	rng := rand.New(rand.NewPCG(41, 42))
	var questions []jsonQuestion
	var tokenizers []*Tokenizer
	var files []string
	for i := range 170 {
		kind := pick(rng, "gpt2", "llama2", "llama2", "gemma", "metaspace", "llama3")
		raw, err := os.ReadFile(filepath.Join(dir, kind, tokenizerJSON))
		if err != nil {
			t.Fatal(err)
		}
		var file object
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		file["normalizer"], file["pre_tokenizer"], file["decoder"] = randomNormalizer(rng, 0), randomCutter(rng, 0), randomDecoder(rng)
		file["post_processor"], file["added_tokens"] = nil, randomAdded(rng)
		model := file["model"].(object)
		model["fuse_unk"], model["byte_fallback"], model["ignore_merges"] = rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(2) == 0
		if kind != "gpt2" && kind != "llama3" {
			model["unk_token"] = pick[any](rng, nil, "<unk>")
		}
		path := filepath.Join(made, fmt.Sprint(i, ".json"))
		writeJSON(t, path, file)
		if raw, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		parts, _ := json.Marshal([]any{kind, file["normalizer"], file["pre_tokenizer"], file["decoder"], file["added_tokens"], model["unk_token"], model["fuse_unk"], model["byte_fallback"], model["ignore_merges"]})
		tokenizer, err := openJSON(raw, &settings{})
		if err != nil {
			t.Fatalf("%s: %v", parts, err)
		}
		if collide(tokenizer) { // which of two tokens that are the same once normalised is found is chance in Python
			continue
		}
		texts := textsFor(tokenizer.asSpec().added, 150)
		questions = append(questions, jsonQuestion{File: path, Texts: texts, IDs: idsFor(tokenizer, texts, 60)})
		tokenizers, files = append(tokenizers, tokenizer), append(files, string(parts))
	}
	if len(questions) < 100 {
		t.Fatalf("only %d files", len(questions))
	}
	for i, answer := range askHuggingFace(t, questions...) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			compareWith(t, tokenizers[i], questions[i], answer)
			if t.Failed() {
				t.Logf("the file: %s", files[i])
			}
		})
	}
}
