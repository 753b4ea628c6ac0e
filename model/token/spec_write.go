package token

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// writeTokenizer writes the spec as a tokenizer.json, in one layout.
func (s *spec) writeTokenizer(w io.Writer) error {
	out := bufio.NewWriter(w)
	put := func(text string) { out.WriteString(text) } // the first error stays, until Flush
	value := func(v any) {
		if b, err := json.Marshal(v); err == nil { // strings, numbers and bools
			out.Write(b)
		}
	}
	put(`{"version":"1.0","truncation":null,"padding":null,"added_tokens":[`)
	for i, t := range s.added {
		put(comma(i))
		value(t)
	}
	put("],\n\"normalizer\":")
	out.Write(canonical(s.normalizer))
	put(",\n\"pre_tokenizer\":")
	out.Write(canonical(s.preTokenizer))
	put(",\n\"post_processor\":")
	out.Write(s.postProcessor())
	put(",\n\"decoder\":")
	out.Write(canonical(s.decoder))
	put(",\n" + `"model":{"type":"BPE","dropout":null,"unk_token":`)
	if s.model.Unknown == "" {
		put("null")
	} else {
		value(s.model.Unknown)
	}
	put(`,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":`)
	value(s.model.FuseUnknown)
	put(`,"byte_fallback":`)
	value(s.model.ByteFallback)
	put(`,"ignore_merges":`)
	value(s.model.IgnoreMerges)
	put(",\n\"vocab\":{")
	for id, name := range s.names {
		put(comma(id))
		value(name)
		put(":")
		value(id)
	}
	put("},\n\"merges\":[")
	for i, m := range s.merges {
		put(comma(i))
		value([2]string{s.names[m.left], s.names[m.right]})
	}
	put("]}}\n")
	return out.Flush()
}

// comma returns what stands before entry i of a list.
func comma(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

// writeConfig writes the tokenizer_config.json that goes with it. Its class is the
// one that transformers takes the file for as it is.
func (s *spec) writeConfig(w io.Writer) error {
	config := struct {
		Class string  `json:"tokenizer_class"`
		BOS   *string `json:"bos_token"`
		EOS   *string `json:"eos_token"`
	}{Class: "PreTrainedTokenizerFast"}
	if s.bos != "" {
		config.BOS = &s.bos
	}
	if s.eos != "" {
		config.EOS = &s.eos
	}
	return json.MarshalWrite(w, config)
}

// postProcessor returns the template as the file writes it.
func (s *spec) postProcessor() jsontext.Value {
	if len(s.template.before)+len(s.template.after) == 0 {
		return jsontext.Value("null")
	}
	ids := s.ids()
	s.allNames(ids)
	specials := map[string]any{}
	item := func(kind, name string, text int) any {
		return map[string]any{kind: map[string]any{"id": name, "type_id": text}}
	}
	around := func(middle any, text int) []any {
		var list []any
		for _, name := range s.template.before {
			list = append(list, item("SpecialToken", name, text))
			specials[name] = map[string]any{"id": name, "ids": []int32{ids[name]}, "tokens": []string{name}}
		}
		list = append(list, middle)
		for _, name := range s.template.after {
			list = append(list, item("SpecialToken", name, text))
			specials[name] = map[string]any{"id": name, "ids": []int32{ids[name]}, "tokens": []string{name}}
		}
		return list
	}
	single := around(item("Sequence", "A", 0), 0)
	b, err := json.Marshal(map[string]any{
		"type": "TemplateProcessing", "single": single,
		"pair":           append(single[:len(single):len(single)], around(item("Sequence", "B", 1), 1)...),
		"special_tokens": specials,
	}, json.Deterministic(true))
	if err != nil { // strings and numbers
		return jsontext.Value("null")
	}
	return b
}

// digest returns what Tokenizer.Digest documents.
func (s *spec) digest() string {
	hash := sha256.New()
	io.WriteString(hash, "golens tokenizer 1\n") // a hash takes everything
	s.writeTokenizer(hash)
	s.writeConfig(hash)
	return hex.EncodeToString(hash.Sum(nil))
}
