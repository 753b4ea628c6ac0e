package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// An addedToken is a piece of the member "added_tokens" of a tokenizer.json. It is searched in the
// text before anything else is done.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter, mark or number is beside it
	LStrip     bool   `json:"lstrip"`      // takes the white space before it as well
	RStrip     bool   `json:"rstrip"`      // and after it
	Normalized bool   `json:"normalized"`  // is searched in the normalised text, itself normalised
	Special    bool   `json:"special"`     // is text like any other to Encode
}

// A finder finds added tokens: at each place the longest, from left to right.
type finder struct {
	tokens   []addedToken
	nodes    []finderNode // a tree of the bytes of their contents; the first is the root
	starts   [256]bool    // whether a content begins with this byte
	ordinary bool         // whether there is a token that is not special
}

type finderNode struct {
	next  map[byte]int32 // the node of each next byte
	token int32          // the number of the token that ends here, or -1
}

// newFinder returns the finder of tokens, whose contents are given as they are
// searched. Of tokens with the same content the first is found.
func newFinder(tokens []addedToken, contents []string) *finder {
	f := &finder{tokens: tokens, nodes: []finderNode{{token: -1}}}
	for i, content := range contents {
		if content == "" {
			continue
		}
		f.starts[content[0]] = true
		f.ordinary = f.ordinary || !tokens[i].Special
		at := int32(0)
		for _, b := range []byte(content) {
			next, ok := f.nodes[at].next[b]
			if !ok {
				next = int32(len(f.nodes))
				f.nodes = append(f.nodes, finderNode{token: -1})
				if f.nodes[at].next == nil {
					f.nodes[at].next = map[byte]int32{}
				}
				f.nodes[at].next[b] = next
			}
			at = next
		}
		if f.nodes[at].token < 0 {
			f.nodes[at].token = int32(i)
		}
	}
	return f
}

// find returns the number of the longest token that text begins with, and its length.
func (f *finder) find(text string) (token int32, length int) {
	token = -1
	at := int32(0)
	for i := range len(text) {
		next, ok := f.nodes[at].next[text[i]]
		if !ok {
			break
		}
		if at = next; f.nodes[at].token >= 0 {
			token, length = f.nodes[at].token, i+1
		}
	}
	return token, length
}

// cut calls found for each token in the text and rest for what is between, from
// left to right. Special tokens are text unless special is set.
func (f *finder) cut(text string, special bool, found func(id int32), rest func(start, end int)) {
	if len(f.nodes) == 1 || !special && !f.ordinary {
		rest(0, len(text))
		return
	}
	done := 0 // what is before has been handed on
	for i := 0; i < len(text); {
		if !f.starts[text[i]] {
			i++
			continue
		}
		number, length := f.find(text[i:])
		if number < 0 {
			i++
			continue
		}
		start, end := i, i+length
		i = end
		t := &f.tokens[number]
		if t.Special && !special || t.SingleWord && !standsAlone(text, start, end) {
			continue
		}
		if t.LStrip {
			start = max(done, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if t.RStrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		if done < start {
			rest(done, start)
		}
		if start < end { // else a token before has taken all of it as white space
			found(t.ID)
		}
		done = end
	}
	if done != len(text) {
		rest(done, len(text))
	}
}

// standsAlone reports whether no letter, mark or number is beside text[start:end].
func standsAlone(text string, start, end int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:start])
	after, m := utf8.DecodeRuneInString(text[end:])
	return (n == 0 || !isWord(before)) && (m == 0 || !isWord(after))
}

// isWord reports whether Unicode's \w is r: alphabetic, a mark, a decimal digit,
// a connector or one of the two joiners.
func isWord(r rune) bool {
	r = standIn(r)
	return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
}
