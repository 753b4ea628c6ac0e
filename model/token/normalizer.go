package token

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A normalizer rewrites a stretch of text before it is cut into words.
type normalizer func(string) string

// readNormalizer returns what the member "normalizer" of a tokenizer.json says.
func readNormalizer(v jsontext.Value) (normalizer, error) {
	var n struct {
		Type        string           `json:"type"`
		Normalizers []jsontext.Value `json:"normalizers"`
		Prepend     string           `json:"prepend"`
		Pattern     jsontext.Value   `json:"pattern"`
		Content     string           `json:"content"`
	}
	if isNull(v) {
		return func(s string) string { return s }, nil
	}
	if err := unmarshal(v, &n); err != nil {
		return nil, err
	}
	switch n.Type {
	case "NFC":
		return formNFC.text, nil
	case "NFD":
		return formNFD.text, nil
	case "NFKC":
		return formNFKC.text, nil
	case "NFKD":
		return formNFKD.text, nil
	case "Prepend":
		return func(s string) string {
			if s == "" {
				return ""
			}
			return n.Prepend + s
		}, nil
	case "Replace":
		return readReplace(n.Pattern, n.Content)
	case "Sequence":
		return readSequence(n.Normalizers)
	}
	return nil, unsupported(n.Type, "NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence")
}

// readSequence returns several normalizers as one.
func readSequence(list []jsontext.Value) (normalizer, error) {
	steps := make([]normalizer, len(list))
	for i, v := range list {
		if isNull(v) {
			return nil, errors.New("a Sequence has an entry null")
		}
		var err error
		if steps[i], err = readNormalizer(v); err != nil {
			return nil, err
		}
	}
	return func(s string) string {
		for _, step := range steps {
			s = step(s)
		}
		return s
	}, nil
}

// readReplace returns the replacement of every match of a pattern by a text.
func readReplace(pattern jsontext.Value, content string) (normalizer, error) {
	p, err := readPattern(pattern)
	if err != nil {
		return nil, err
	}
	if p.expression == nil {
		return func(s string) string { return strings.ReplaceAll(s, p.literal, content) }, nil
	}
	return func(s string) string {
		var out strings.Builder
		p.each(s, func(span string, match bool) {
			if match {
				span = content
			}
			out.WriteString(span)
		})
		return out.String()
	}, nil
}

// unsupported returns the error of a part that golens does not read.
func unsupported(kind, supported string) error {
	if kind == "" {
		return errors.New(`it has no "type"`)
	}
	return fmt.Errorf("the type %q is not supported; golens reads %s", kind, supported)
}
