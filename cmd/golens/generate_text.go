package main

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// A textStream writes a text to standard output as it comes. On a terminal, what
// would act on it is written as an escape, and characters wait until their last
// byte is there; elsewhere the bytes go as they are.
type textStream struct {
	w       io.Writer // nil where the output has something else
	visible bool
	waiting []byte // the beginning of a character
	grid    bool   // something is drawn behind the text
	begun   bool
	err     error
}

func newTextStream(o *outputs, quiet bool) *textStream {
	t := &textStream{grid: o.screen}
	if o.screen || quiet && !o.takesOutput() {
		t.w = o.stdout
	}
	_, t.visible = terminalWidth(o.stdout)
	return t
}

// begin writes the prompt.
func (t *textStream) begin(m *model.Model, ids []int64) {
	t.begun = true
	tok, err := m.Tokenizer()
	for _, id := range ids {
		token := lens.Token{ID: id}
		if err == nil {
			token.Bytes, _ = tok.Piece(id)
		}
		t.token(token)
	}
}

// token writes one more token, by its id where its bytes are not known.
func (t *textStream) token(token lens.Token) {
	b := token.Bytes
	if b == nil {
		b = fmt.Appendf(nil, " #%d", token.ID)
	}
	if !t.visible {
		t.write(b)
		return
	}
	t.waiting = append(t.waiting, b...)
	var out []byte
	for len(t.waiting) > 0 && utf8.FullRune(t.waiting) {
		r, n := utf8.DecodeRune(t.waiting)
		out = appendShown(out, t.waiting[:n], r)
		t.waiting = t.waiting[n:]
	}
	t.write(out)
}

// appendShown appends a character as a terminal may have it.
func appendShown(out, bytes []byte, r rune) []byte {
	switch {
	case r == utf8.RuneError && len(bytes) == 1:
		return fmt.Appendf(out, `\x%02x`, bytes[0])
	case r == '\n', r == '\t', unicode.IsPrint(r), unicode.Is(unicode.M, r):
		return append(out, bytes...)
	case r < utf8.RuneSelf:
		return fmt.Appendf(out, `\x%02x`, r)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}

// end writes what is left, and a line break; an empty line before a grid. A text that
// was not begun has no end.
func (t *textStream) end() {
	if !t.begun {
		return
	}
	var out []byte
	for _, b := range t.waiting {
		out = fmt.Appendf(out, `\x%02x`, b)
	}
	t.waiting = nil
	out = append(out, '\n')
	if t.grid {
		out = append(out, '\n')
	}
	t.write(out)
}

func (t *textStream) write(b []byte) {
	if t.w != nil && t.err == nil && len(b) > 0 {
		_, t.err = t.w.Write(b)
	}
}
