package token

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// A template is the tokens that are put before and after a text, by their names.
type template struct{ before, after []string }

// readTemplate returns what the member "post_processor" of a tokenizer.json does with a single
// text. ids are those of the tokenizer's pieces. The member must give the same ids.
func readTemplate(v jsontext.Value, ids map[string]int32) (t template, err error) {
	if isNull(v) {
		return t, nil
	}
	var p struct {
		Type       string           `json:"type"`
		Processors []jsontext.Value `json:"processors"`
		Single     []struct {
			Special *struct {
				ID string `json:"id"`
			} `json:"SpecialToken"`
			Sequence *struct {
				ID string `json:"id"`
			} `json:"Sequence"`
		} `json:"single"`
		Specials map[string]struct {
			IDs    []int32  `json:"ids"`
			Tokens []string `json:"tokens"`
		} `json:"special_tokens"`
	}
	if err := unmarshal(v, &p); err != nil {
		return t, err
	}
	switch p.Type {
	case "ByteLevel": // moves offsets, which golens does not use
		return t, nil
	case "Sequence":
		templates := 0
		for _, v := range p.Processors {
			next, err := readTemplate(v, ids)
			if err != nil {
				return t, err
			}
			if len(next.before)+len(next.after) > 0 {
				templates++
				t = next
			}
		}
		if templates > 1 {
			return t, errors.New("a Sequence of several TemplateProcessing is not supported")
		}
		return t, nil
	case "TemplateProcessing":
	default:
		return t, unsupported(p.Type, "TemplateProcessing, ByteLevel, Sequence")
	}
	texts := 0
	for _, item := range p.Single {
		if item.Special == nil {
			texts++
			continue
		}
		special, ok := p.Specials[item.Special.ID]
		if !ok || len(special.IDs) != len(special.Tokens) {
			return t, fmt.Errorf("type TemplateProcessing: the token %q is not among its special_tokens", item.Special.ID)
		}
		for i, name := range special.Tokens {
			if id, ok := ids[name]; !ok || id != special.IDs[i] {
				return t, fmt.Errorf("type TemplateProcessing: the token %q has the id %d there, and %s in the vocabulary", name, special.IDs[i], idText(id, ok))
			}
			if texts == 0 {
				t.before = append(t.before, name)
			} else {
				t.after = append(t.after, name)
			}
		}
	}
	if texts != 1 {
		return t, errors.New("type TemplateProcessing: single does not have one Sequence")
	}
	return t, nil
}

func idText(id int32, ok bool) string {
	if !ok {
		return "none"
	}
	return fmt.Sprint(id)
}
