package token

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTokenizerJSONRefuses(t *testing.T) {
	regex := func(e string) object {
		return object{"type": "Split", "pattern": object{"Regex": e}, "behavior": "Isolated", "invert": false}
	}
	decoders := func(steps ...any) object { return object{"type": "Sequence", "decoders": steps} }
	bytes, fallback, fuse := object{"type": "ByteLevel"}, object{"type": "ByteFallback"}, object{"type": "Fuse"}
	strip := object{"type": "Strip", "content": " ", "start": 1, "stop": 0}
	for name, test := range map[string]struct {
		changes object
		want    []string
	}{
		"unigram":                   {object{"model": object{"type": "Unigram", "vocab": []any{}}}, []string{"model", `"Unigram"`, "BPE"}},
		"word piece":                {object{"model": object{"type": "WordPiece", "vocab": object{}}}, []string{`"WordPiece"`}},
		"no type and no merges":     {object{"model": object{"vocab": object{"a": 0}}}, []string{"model", `""`}},
		"no model":                  {object{"model": nil}, []string{"no model"}},
		"no vocabulary":             {object{"model.vocab": nil}, []string{"vocab"}},
		"an id twice":               {object{"model.vocab": object{"a": 0, "b": 0}}, []string{"vocab", "same id 0"}},
		"a gap":                     {object{"model.vocab": object{"a": 0, "b": 2}}, []string{"vocab", "no piece has the id 1"}},
		"dropout":                   {object{"model.dropout": 0.1}, []string{"dropout of 0.1"}},
		"prefix":                    {object{"model.continuing_subword_prefix": "##"}, []string{`"##"`}},
		"suffix":                    {object{"model.end_of_word_suffix": "</w>"}, []string{`"</w>"`}},
		"unknown unk":               {object{"model.unk_token": "<u>"}, []string{`unk_token "<u>"`}},
		"unknown piece":             {object{"model.merges": []string{"a b"}}, []string{"merges", "number 1", `"ab"`}},
		"three pieces":              {object{"model.merges": []string{"a b c"}}, []string{"merges", "number 1", "two pieces"}},
		"a list of three":           {object{"model.merges": [][]string{{"a", "b", "c"}}}, []string{"merges"}},
		"normalizer":                {object{"normalizer": object{"type": "BertNormalizer"}}, []string{"normalizer", "BertNormalizer", "NFC"}},
		"no type":                   {object{"normalizer": object{}}, []string{"normalizer", `no "type"`}},
		"normalizer in a sequence":  {object{"normalizer": object{"type": "Sequence", "normalizers": []any{object{"type": "Nmt"}}}}, []string{"normalizer", "Nmt"}},
		"null in a sequence":        {object{"normalizer": object{"type": "Sequence", "normalizers": []any{nil}}}, []string{"normalizer", "null"}},
		"replace of nothing":        {object{"normalizer": object{"type": "Replace", "pattern": object{"String": ""}, "content": "x"}}, []string{"normalizer", "empty"}},
		"replace without a pattern": {object{"normalizer": object{"type": "Replace", "content": "x"}}, []string{"normalizer", "no pattern"}},
		"pre-tokenizer":             {object{"pre_tokenizer": object{"type": "UnicodeScripts"}}, []string{"pre_tokenizer", "UnicodeScripts", "ByteLevel"}},
		"bytes, then more":          {object{"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{bytes, object{"type": "Digits"}}}}, []string{"pre_tokenizer", "last"}},
		"behavior":                  {object{"pre_tokenizer": object{"type": "Split", "pattern": object{"String": " "}, "behavior": "Merged"}}, []string{"pre_tokenizer", `"Merged"`}},
		"metaspace":                 {object{"pre_tokenizer": object{"type": "Metaspace", "replacement": "__"}}, []string{"pre_tokenizer", `"__"`}},
		"scheme":                    {object{"pre_tokenizer": object{"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"}}, []string{"pre_tokenizer", `"last"`}},
		"broken pattern":            {object{"pre_tokenizer": regex(`a(`)}, []string{"pre_tokenizer", `a(`}},
		"word class":                {object{"pre_tokenizer": regex(`\w+`)}, []string{"pre_tokenizer", `\w`}},
		"ends of words":             {object{"pre_tokenizer": regex(`a\b`)}, []string{`\b`}},
		"script":                    {object{"pre_tokenizer": regex(`\p{Han}+`)}, []string{`\p{Han}`}},
		"case":                      {object{"pre_tokenizer": regex(`(?i)abc`)}, []string{`"(?i)"`}},
		"look-behind":               {object{"pre_tokenizer": regex(`(?<=a)b`)}, []string{`"(?<="`}},
		"possessive":                {object{"pre_tokenizer": regex(`\p{L}++`)}, []string{"possessive"}},
		"class in a class":          {object{"pre_tokenizer": regex(`[a[b]]`)}, []string{"class within a class"}},
		"intersection":              {object{"pre_tokenizer": regex(`[a-z&&[^b]]`)}, []string{"&&"}},
		"backslash":                 {object{"pre_tokenizer": regex(`a\`)}, []string{"backslash"}},
		"decoder":                   {object{"decoder": object{"type": "WordPiece"}}, []string{"decoder", "WordPiece"}},
		"bytes in a sequence":       {object{"decoder": decoders(bytes, fuse)}, []string{"decoder", "ByteLevel", "place"}},
		"strip without fuse":        {object{"decoder": decoders(fallback, strip)}, []string{"decoder", "Strip", "place"}},
		"fuse after strip":          {object{"decoder": decoders(strip, fuse)}, []string{"decoder", "Fuse", "place"}},
		"strip at the end":          {object{"decoder": object{"type": "Strip", "content": " ", "start": 0, "stop": 1}}, []string{"decoder", "Strip"}},
		"post-processor":            {object{"post_processor": object{"type": "BertProcessing"}}, []string{"post_processor", "BertProcessing"}},
		"template of nothing":       {object{"post_processor": object{"type": "TemplateProcessing", "single": []any{object{"SpecialToken": object{"id": "<x>", "type_id": 0}}}}}, []string{"post_processor", `"<x>"`}},
		"template's id": {object{"post_processor": object{"type": "TemplateProcessing", "single": []any{object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}},
			"special_tokens": object{"<s>": object{"id": "<s>", "ids": []int{7}, "tokens": []string{"<s>"}}}}}, []string{"post_processor", `"<s>"`, "7", "1"}},
		"template without text": {object{"post_processor": object{"type": "TemplateProcessing", "single": []any{}}}, []string{"post_processor", "Sequence"}},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, tokenizerJSON), []byte(llamaFile(test.changes)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range append(test.want, dir, tokenizerJSON) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", name, err, want)
			}
		}
	}
}

func TestSettingsRefuse(t *testing.T) {
	for file, texts := range map[string]map[string]string{
		configFile: {
			"{":                            "EOF",
			`{"bos_token": 3}`:             "bos_token",
			`{"added_tokens_decoder": []}`: "added_tokens_decoder",
			`{"added_tokens_decoder": {"x": {"content": "<x>"}}}`: `"x" is not an id`,
			`{"extra_special_tokens": [3]}`:                       "extra_special_tokens",
		},
		specialMapFile: {`{"eos_token": []}`: "eos_token"},
	} {
		for _, text := range slices.Sorted(maps.Keys(texts)) {
			dir := t.TempDir()
			for name, contents := range map[string]string{tokenizerJSON: llamaFile(nil), file: text} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(contents), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), texts[text]) {
				t.Errorf("%s %s: error %v, want one with %q", file, text, err, texts[text])
			}
		}
	}
}
