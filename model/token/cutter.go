package token

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A stretch is a part of a text, and on its way to become a word.
type stretch struct {
	text  string
	first bool // whether it begins where the whole text does
	put   int  // how many bytes at its start are not the text's, but have been put there
}

// part returns a part of a stretch.
func (s stretch) part(start, end int) stretch {
	return stretch{s.text[start:end], s.first && start <= s.put, max(0, s.put-start)}
}

// prepend returns the stretch with something in front.
func (s stretch) prepend(text string) stretch {
	return stretch{text + s.text, s.first, s.put + len(text)}
}

// A cutter cuts a stretch into smaller ones, and hands these on from left to right.
// It may write in them, as it does with the space that some put in front.
type cutter func(s stretch, yield func(stretch))

// whole is the cutter that leaves a stretch as it is.
func whole(s stretch, yield func(stretch)) { yield(s) }

// readCutter returns what the member "pre_tokenizer" of a tokenizer.json says, and
// whether the words are then written in the byte alphabet. (The cutter does not
// write them so: the merger takes the bytes.)
func readCutter(v jsontext.Value) (c cutter, byteLevel bool, err error) {
	if isNull(v) {
		return whole, false, nil
	}
	var p preTokenizer
	if err := unmarshal(v, &p); err != nil {
		return nil, false, err
	}
	switch p.Type {
	case "ByteLevel":
		return byteLevelCutter(p.AddPrefixSpace != nil && *p.AddPrefixSpace, p.UseRegex == nil || *p.UseRegex), true, nil
	case "Split":
		c, err = splitCutter(p)
		return c, false, err
	case "Metaspace":
		c, err = metaspaceCutter(p)
		return c, false, err
	case "Digits":
		return digitsCutter(p.IndividualDigits), false, nil
	case "Sequence":
		return cutterSequence(p.Pretokenizers)
	}
	return nil, false, unsupported(p.Type, "ByteLevel, Split, Metaspace, Digits, Sequence")
}

// A preTokenizer is the member as the file writes it, with what any type has.
type preTokenizer struct {
	Type             string           `json:"type"`
	AddPrefixSpace   *bool            `json:"add_prefix_space"`
	UseRegex         *bool            `json:"use_regex"`
	Pattern          jsontext.Value   `json:"pattern"`
	Behavior         string           `json:"behavior"`
	Invert           bool             `json:"invert"`
	Replacement      string           `json:"replacement"`
	PrependScheme    string           `json:"prepend_scheme"`
	Split            *bool            `json:"split"`
	IndividualDigits bool             `json:"individual_digits"`
	Pretokenizers    []jsontext.Value `json:"pretokenizers"`
}

// cutterSequence returns several cutters as one, each of which cuts what the one
// before has left. Only the last may write in the byte alphabet.
func cutterSequence(list []jsontext.Value) (cutter, bool, error) {
	all, byteLevel := cutter(whole), false
	for _, v := range list {
		if byteLevel {
			return nil, false, fmt.Errorf("type ByteLevel is supported as the last of a Sequence only")
		}
		next, b, err := readCutter(v)
		if err != nil {
			return nil, false, err
		}
		before := all
		all, byteLevel = func(s stretch, yield func(stretch)) {
			before(s, func(s stretch) { next(s, yield) })
		}, b
	}
	return all, byteLevel, nil
}

// byteLevelCutter cuts into GPT-2's words, or not at all, and can put a space in front.
func byteLevelCutter(addSpace, words bool) cutter {
	gpt2 := &pattern{gpt2: true}
	return func(s stretch, yield func(stretch)) {
		if addSpace && !strings.HasPrefix(s.text, " ") {
			s = s.prepend(" ")
		}
		if !words {
			yield(s)
			return
		}
		at := 0
		gpt2.each(s.text, func(span string, _ bool) {
			yield(s.part(at, at+len(span)))
			at += len(span)
		})
	}
}

// metaspaceCutter writes a mark for each space, can put one in front, and can cut
// before each.
func metaspaceCutter(p preTokenizer) (cutter, error) {
	if utf8.RuneCountInString(p.Replacement) != 1 {
		return nil, fmt.Errorf("type Metaspace: the replacement %q is not one character", p.Replacement)
	}
	always, first, err := prependScheme(p)
	if err != nil {
		return nil, err
	}
	cut := whole
	if p.Split == nil || *p.Split {
		cut = cutAt(&pattern{literal: p.Replacement}, mergedWithNext)
	}
	return func(s stretch, yield func(stretch)) {
		s.put += (len(p.Replacement) - 1) * strings.Count(s.text[:s.put], " ")
		s.text = strings.ReplaceAll(s.text, " ", p.Replacement)
		if (always || first && s.first) && !strings.HasPrefix(s.text, p.Replacement) {
			s = s.prepend(p.Replacement)
		}
		cut(s, yield)
	}, nil
}

// prependScheme returns whether Metaspace marks the start of every stretch, or of
// the first. Older files say add_prefix_space in place of prepend_scheme.
func prependScheme(p preTokenizer) (always, first bool, err error) {
	switch p.PrependScheme {
	case "always", "first", "never":
	case "":
		if p.AddPrefixSpace != nil && !*p.AddPrefixSpace {
			return false, false, nil
		}
		return true, false, nil
	default:
		return false, false, fmt.Errorf("type Metaspace: the prepend_scheme %q is not supported; golens reads always, first, never", p.PrependScheme)
	}
	return p.PrependScheme == "always", p.PrependScheme == "first", nil
}

// digitsCutter cuts numbers from the rest, each character of them alone or not.
func digitsCutter(individual bool) cutter {
	return func(s stretch, yield func(stretch)) {
		from, inside := 0, false
		for i, r := range s.text {
			is := classOf(r) == number
			if i > from && (is != inside || is && individual) {
				yield(s.part(from, i))
				from = i
			}
			inside = is
		}
		if from < len(s.text) {
			yield(s.part(from, len(s.text)))
		}
	}
}
