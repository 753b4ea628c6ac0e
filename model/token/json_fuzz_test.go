package token

import (
	"bytes"
	"encoding/json"
	"testing"
)

// No tokenizer.json panics. Those that are accepted make a tokenizer whose ids are pieces, and
// whose entries end to end are what Decode returns. What is saved makes the same tokenizer again.
// Either the whole file is given or, so that most are accepted, parts of one: normalizer,
// pre_tokenizer, decoder and added tokens.
func FuzzTokenizerJSON(f *testing.F) {
	none := []byte("null")
	f.Add([]byte(llamaFile(nil)), none, none, none, "a abc")
	f.Add([]byte(`{"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}}`), none, none, none, "ab\xFF")
	for _, parts := range [][4]string{
		{`{"type":"NFKC"}`, `{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}`, `{"type":"Metaspace","replacement":"▁"}`, `[]`},
		{`{"type":"Prepend","prepend":"▁"}`, qwenCutterForFuzz, byteLevelForFuzz, `[{"id":0,"content":"ab","single_word":true,"lstrip":true,"rstrip":true,"normalized":true,"special":false}]`},
		{`{"type":"Replace","pattern":{"Regex":"\\s+(?!\\S)"},"content":""}`, `{"type":"Split","pattern":{"Regex":"[^\\p{L}]+"},"behavior":"MergedWithNext","invert":true}`, `null`, `[{"content":" "},{"content":""}]`},
		{`null`, `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true}]}`, `{"type":"Strip","content":"a","start":2,"stop":0}`, `[]`},
	} {
		f.Add([]byte(nil), []byte(parts[0]), []byte(parts[1]+"\x00"+parts[2]), []byte(parts[3]), " a  <s>1ab\u0301\xE2\x82")
	}
	f.Fuzz(func(t *testing.T, file, normalizer, cutterAndDecoder, added []byte, text string) {
		if len(file) == 0 {
			cutter, decoder, _ := bytes.Cut(cutterAndDecoder, []byte{0})
			for _, part := range [][]byte{normalizer, cutter, decoder, added} {
				if !json.Valid(part) {
					return
				}
			}
			file = []byte(llamaFile(object{"normalizer": json.RawMessage(normalizer), "pre_tokenizer": json.RawMessage(cutter),
				"decoder": json.RawMessage(decoder), "added_tokens": json.RawMessage(added)}))
		}
		tokenizer, err := openJSON(file, &settings{})
		if err != nil {
			return
		}
		for _, encode := range []func(string) []int64{tokenizer.Encode, tokenizer.EncodeSpecial, tokenizer.EncodeTemplate} {
			ids := encode(text)
			decoded, err := tokenizer.Decode(ids)
			if err != nil {
				t.Fatalf("the ids of %q: %v", text, err)
			}
			entries, err := tokenizer.Describe(ids)
			var joined []byte
			for _, e := range entries {
				joined = append(joined, e.Bytes...)
			}
			if err != nil || !bytes.Equal(joined, decoded) {
				t.Fatalf("Describe(%v) has the bytes %q, Decode %q, %v", ids, joined, decoded, err)
			}
			if _, err := tokenizer.Text(ids); err != nil {
				t.Fatal(err)
			}
		}
		var saved bytes.Buffer
		if err := tokenizer.asSpec().writeTokenizer(&saved); err != nil {
			t.Fatal(err)
		}
		again, err := openJSON(saved.Bytes(), &settings{})
		if err != nil || again.Digest() != tokenizer.Digest() {
			t.Fatalf("what was saved is not the same again: %v\n%s", err, saved.Bytes())
		}
	})
}

const (
	byteLevelForFuzz  = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`
	qwenCutterForFuzz = `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+(?!\\S)"},"behavior":"Isolated"},{"type":"ByteLevel","use_regex":false}]}`
)
