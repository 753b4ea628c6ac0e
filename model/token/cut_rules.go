package token

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The expressions of Llama 3, of Qwen, and of Mistral's later tokenizers.
const (
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwenPattern   = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	tekkenPattern = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// endOf are the rules of the patterns that are known: whether a match always ends
// behind x where y follows, and ends there too where the text does. Matches cover the
// text and none looks behind itself, so what follows is matched as if it stood alone.
var endOf = map[string]func(x, y rune) bool{
	gpt2Pattern:   endOfGPT2,
	llama3Pattern: endOfLlama3,
	qwenPattern:   endOfLlama3,
	tekkenPattern: endOfTekken,
}

// endOfGPT2: a space is in a word at its beginning only, or among spaces; and runs of
// letters and of numbers are whole.
func endOfGPT2(x, y rune) bool {
	a, b := classOf(x), classOf(y)
	return a != space && b == space || a == letter && b != letter || a == number && b != number
}

// endOfLlama3: runs of letters and of numbers end words, and so does the last line
// feed of a run of spaces or behind symbols.
func endOfLlama3(x, y rune) bool {
	a, b := classOf(x), classOf(y)
	return a == letter && b != letter || a == number && b != number || isLineEnd(x) && b != space
}

// endOfTekken: the same, but marks go with letters, and slashes with line feeds.
func endOfTekken(x, y rune) bool {
	a, b := classOf(x), classOf(y)
	return (a == letter || a == number) && b == space || isLineEnd(x) && b != space && y != '/'
}

func isLineEnd(r rune) bool { return r == '\r' || r == '\n' }

// numberPatterns match numbers and nothing else.
var numberPatterns = []string{`\p{N}`, `\p{N}{1,3}`, `\p{N}+`, `\d`, `[0-9]`, `\p{Nd}`}

// readNormalizers takes over what is done to a text before the cut into words. marked is what is
// written for a space, "" where that stays.
func (c *cuts) readNormalizers(s *spec) (marked, reason string) {
	var steps []normalizer
	var read func(v jsontext.Value) string
	read = func(v jsontext.Value) string {
		if isNull(v) {
			return ""
		}
		var n struct {
			Type        string           `json:"type"`
			Normalizers []jsontext.Value `json:"normalizers"`
			Pattern     struct {
				String string `json:"String"`
			} `json:"pattern"`
			Content string `json:"content"`
		}
		if err := unmarshal(v, &n); err != nil {
			return err.Error()
		}
		forms := map[string]normalForm{"NFC": formNFC, "NFD": formNFD, "NFKC": formNFKC, "NFKD": formNFKD}
		f, isForm := forms[n.Type]
		switch {
		case n.Type == "Sequence":
			for _, v := range n.Normalizers {
				if reason := read(v); reason != "" {
					return reason
				}
			}
			return ""
		case n.Type == "Prepend": // is for the beginning alone
			return ""
		case isForm && marked == "":
			c.forms = append(c.forms, f)
		case n.Type == "Replace" && n.Pattern.String == " " && n.Content == metaspace && marked == "":
			marked = metaspace
		default:
			return "its normalizer has a " + n.Type + " that may look at any part of a text"
		}
		step, err := readNormalizer(v)
		if err != nil {
			return err.Error()
		}
		steps = append(steps, step)
		return ""
	}
	if reason := read(s.normalizer); reason != "" {
		return "", reason
	}
	c.goesOn = func(text string) string {
		for _, step := range steps {
			text = step(text)
		}
		return text
	}
	return marked, ""
}

// readWords finds the rule for where words end. The first part that cuts a text there
// is enough: the ones behind it look at each word alone.
func (c *cuts) readWords(t *Tokenizer, s *spec, marked string) (reason string) {
	for _, v := range flatten(s.preTokenizer) {
		var p preTokenizer
		if err := unmarshal(v, &p); err != nil {
			return err.Error()
		}
		expression, text := patternOf(p.Pattern)
		covers := p.Behavior == "Isolated" && !p.Invert || p.Behavior == "Removed" && p.Invert
		rule := endOf[expression]
		switch {
		case p.Type == "ByteLevel" && (p.UseRegex == nil || *p.UseRegex) && marked == "":
			if p.AddPrefixSpace != nil && *p.AddPrefixSpace {
				c.onlySpace = true // in front of which none is put
			}
			c.within(endOfGPT2)
			return ""
		case p.Type == "Split" && rule != nil && covers && marked == "":
			c.within(rule)
			return ""
		case p.Type == "Digits", p.Type == "Split" && slices.Contains(numberPatterns, expression) && !p.Invert:
			c.within(func(x, y rune) bool { return classOf(x) != number && classOf(y) != number })
		case p.Type == "Split" && text == " " && marked != "": // of which none is left
		case p.Type == "Metaspace" && (marked == "" || marked == p.Replacement):
			marked = p.Replacement
			c.beforeMark(marked)
			if p.Split == nil || *p.Split {
				return ""
			}
		default:
			return fmt.Sprintf("its pre_tokenizer has a %s of which it is not known where words always end", p.Type)
		}
	}
	// All is one word, which is merged part by part where a mark is.
	switch {
	case marked != metaspace || t.vocabulary.spacer != metaspace:
		return "a whole text is one word to it, and pieces may join anywhere in it"
	case t.vocabulary.whole != nil:
		return "a whole text is one word to it, which may be a piece of its own"
	}
	c.beforeMark(marked)
	return ""
}

// beforeMark cuts before the first of several spaces, for which a mark is written.
func (c *cuts) beforeMark(marked string) {
	mark, _ := utf8.DecodeRuneInString(marked)
	c.onlySpace = true
	c.within(func(x, _ rune) bool { return x != ' ' && x != mark })
}

// within adds a rule that has to hold as well.
func (c *cuts) within(rule func(x, y rune) bool) {
	if before := c.between; before != nil {
		c.between = func(x, y rune) bool { return before(x, y) && rule(x, y) }
		return
	}
	c.between = rule
}

// flatten returns the parts of a pre_tokenizer in their order.
func flatten(v jsontext.Value) []jsontext.Value {
	var p preTokenizer
	if isNull(v) {
		return nil
	}
	if unmarshal(v, &p) != nil || p.Type != "Sequence" {
		return []jsontext.Value{v}
	}
	var all []jsontext.Value
	for _, v := range p.Pretokenizers {
		all = append(all, flatten(v)...)
	}
	return all
}

// patternOf returns a pattern's expression or text.
func patternOf(v jsontext.Value) (expression, text string) {
	var p struct {
		String string `json:"String"`
		Regex  string `json:"Regex"`
	}
	if !isNull(v) && unmarshal(v, &p) != nil {
		return "", ""
	}
	return p.Regex, p.String
}
