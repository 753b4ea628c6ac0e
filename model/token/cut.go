package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cuts are the places at which a text may be cut: where the ids of what is before,
// followed by those of what is behind as a text that goes on, are the ids of the whole,
// whatever stands farther off. They are between two characters, and say of a place
// less often yes than could be.
type cuts struct {
	between   func(x, y rune) bool // whether a word always ends behind x where y follows
	forms     []normalForm         // what is done to a text before its words are looked for
	onlySpace bool                 // the second character has to be a space
	added     []*finder            // tokens of which a cut keeps away
	longest   int                  // bytes of the longest of these
	goesOn    normalizer           // of a text whose beginning was cut off
}

// ahead returns how many bytes behind a place have to be known to judge it.
func (c *cuts) ahead() int { return max(utf8.UTFMax, c.longest) }

// last returns the last place at which a text that goes on may be cut, 0 where there is
// none.
func (c *cuts) last(text string) int {
	at := len(text) - c.ahead()
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	if at <= 0 {
		return 0
	}
	y, _ := utf8.DecodeRuneInString(text[at:])
	for at > 0 {
		x, n := utf8.DecodeLastRuneInString(text[:at])
		if c.safe(text, at, x, y) {
			return at
		}
		y, at = x, at-n
	}
	return 0
}

// safe reports whether text may be cut at a place, which is between x and y. At least
// ahead bytes follow it, or nothing does behind the text.
func (c *cuts) safe(text string, at int, x, y rune) bool {
	switch {
	case at == 0 || x == utf8.RuneError || y == utf8.RuneError: // perhaps half a character
		return false
	case c.onlySpace && y != ' ':
		return false
	case unicode.IsSpace(x) && unicode.IsSpace(y): // which an added token may take as a whole
		return false
	}
	for _, f := range c.forms {
		// Two characters stay apart where the second is ASCII, which composes with nothing
		// before it, or the first is white space or a control, which nothing composes with.
		if y >= utf8.RuneSelf && x > ' ' {
			return false
		}
		x, _ = utf8.DecodeLastRuneInString(f.text(string(x)))
		y, _ = utf8.DecodeRuneInString(f.text(string(y)))
	}
	return c.between(x, y) && !c.touches(text, at)
}

// touches reports whether an added token is at a place, or begins or ends there.
func (c *cuts) touches(text string, at int) bool {
	for _, f := range c.added {
		for start := max(0, at-c.longest); start <= at; start++ {
			if !f.starts[text[start]] {
				continue
			}
			if number, n := f.find(text[start:]); number >= 0 && start+n >= at {
				return true
			}
		}
	}
	return false
}

// cuts returns where a text may be cut, and why it may not where it cannot be said.
func (t *Tokenizer) cuts() (*cuts, string) {
	s := t.asSpec()
	c := &cuts{}
	marked, reason := c.readNormalizers(s)
	if reason == "" {
		reason = c.readWords(t, s, marked)
	}
	if reason == "" {
		reason = c.readAdded(t, s, marked)
	}
	if reason != "" {
		return nil, reason
	}
	return c, ""
}

// readAdded keeps cuts away from added tokens.
func (c *cuts) readAdded(t *Tokenizer, s *spec, marked string) string {
	p := t.pipeline
	c.added = []*finder{p.raw}
	rewrites := marked != "" || len(c.forms) > 0
	if rewrites {
		for _, a := range p.normalized.tokens {
			content := p.normalize(a.Content)
			switch {
			case strings.Trim(content, " \t\n\r") == "" && marked == "" && c.canonical():
				// These characters stand in the rewritten text where they stand in the text.
			case a.LStrip || a.RStrip || a.SingleWord || strings.Contains(content, " ") || marked != "" && strings.Contains(content, marked):
				return "the added token " + a.Content + " is looked for in rewritten text"
			default:
				c.onlySpace = true // which is not in it
			}
		}
	}
	c.added = append(c.added, p.normalized)
	for _, f := range c.added {
		for _, a := range f.tokens {
			c.longest = max(c.longest, len(a.Content), len(p.normalize(a.Content)))
		}
	}
	return ""
}

// canonical reports whether no form rewrites characters by others that are alike.
func (c *cuts) canonical() bool {
	for _, f := range c.forms {
		if f != formNFC && f != formNFD {
			return false
		}
	}
	return true
}
