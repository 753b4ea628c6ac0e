package token

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// tokenizerFile is a tokenizer.json. What it says of truncation and padding is for
// batches, and not read.
type tokenizerFile struct {
	Added         []addedToken   `json:"added_tokens"`
	Normalizer    jsontext.Value `json:"normalizer"`
	PreTokenizer  jsontext.Value `json:"pre_tokenizer"`
	PostProcessor jsontext.Value `json:"post_processor"`
	Decoder       jsontext.Value `json:"decoder"`
	Model         *modelFile     `json:"model"`
}

// modelFile is the member "model".
type modelFile struct {
	Type      string         `json:"type"`
	Dropout   float64        `json:"dropout"`
	Prefix    string         `json:"continuing_subword_prefix"`
	Suffix    string         `json:"end_of_word_suffix"`
	Vocab     jsontext.Value `json:"vocab"`
	MergeList jsontext.Value `json:"merges"`
	bpe       `json:",inline"`
}

// readSpec returns what a tokenizer.json says, and its post-processor, which can be
// read only when the ids of the added tokens are known.
func readSpec(file []byte) (*spec, jsontext.Value, error) {
	var f tokenizerFile
	if err := json.Unmarshal(file, &f); err != nil {
		return nil, nil, fmt.Errorf("it is not the JSON of a tokenizer: %w", err)
	}
	m := f.Model
	switch {
	case m == nil:
		return nil, nil, errors.New("it has no model")
	case m.Type != "BPE" && (m.Type != "" || isNull(m.MergeList)):
		return nil, nil, fmt.Errorf("model: the type %q is not supported; golens reads BPE, which GPT-2, Phi, Pythia, Llama, Mistral, Qwen, OPT and Gemma have", m.Type)
	case m.Dropout != 0:
		return nil, nil, fmt.Errorf("model: a dropout of %g makes ids random, which is not supported", m.Dropout)
	case m.Prefix != "" || m.Suffix != "":
		return nil, nil, fmt.Errorf("model: the continuing_subword_prefix %q and end_of_word_suffix %q are not supported", m.Prefix, m.Suffix)
	}
	names, ids, err := parseVocab(m.Vocab)
	if err != nil {
		return nil, nil, fmt.Errorf("model: vocab: %w", err)
	}
	merges, err := readMerges(m.MergeList, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("model: merges: %w", err)
	}
	return &spec{
		names: names, merges: merges, model: m.bpe, added: f.Added,
		normalizer: f.Normalizer, preTokenizer: f.PreTokenizer, decoder: f.Decoder,
	}, f.PostProcessor, nil
}

// readMerges returns the merges of a list of "LEFT RIGHT" or of ["LEFT", "RIGHT"].
func readMerges(v jsontext.Value, ids map[string]int32) ([]merge, error) {
	if isNull(v) {
		return nil, nil
	}
	var pairs [][2]string
	if v.Kind() == '[' && bytes.HasPrefix(bytes.TrimLeft(v[1:], " \t\r\n"), []byte{'"'}) {
		var lines []string
		if err := unmarshal(v, &lines); err != nil {
			return nil, err
		}
		for i, line := range lines {
			if strings.HasPrefix(line, "#version") {
				continue
			}
			left, right, ok := strings.Cut(line, " ")
			if !ok || strings.Contains(right, " ") {
				return nil, fmt.Errorf("number %d: %q is not two pieces with a space between", i+1, line)
			}
			pairs = append(pairs, [2]string{left, right})
		}
	} else if err := unmarshal(v, &pairs); err != nil {
		return nil, err
	}
	if len(pairs) > maxMerges {
		return nil, fmt.Errorf("%d of them; golens takes %d", len(pairs), maxMerges)
	}
	merges := make([]merge, len(pairs))
	for i, p := range pairs {
		m, unknown := mergeOf(p[0], p[1], ids)
		if unknown != "" {
			return nil, fmt.Errorf("number %d: the piece %q of %q is not in the vocabulary", i+1, unknown, p)
		}
		merges[i] = m
	}
	return merges, nil
}
