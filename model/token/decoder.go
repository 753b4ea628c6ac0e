package token

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A decoder turns pieces into bytes. What a piece stands for is the same wherever
// it stands, but for the first one, and for what is put between them.
type decoder struct {
	byteLevel bool         // pieces are written in the byte alphabet, where they can be
	replace   []normalizer // changes within a piece
	fallback  bool         // "<0x0A>" is the byte 0x0A
	fused     bool         // strip is of the whole text, not of each piece
	strip     string       // one character, taken off at the start
	most      int          // as often as it is there, but no more than this
	mark      string       // Metaspace: this character is a space, and nothing in the first piece
	join      string       // what is put between two pieces
	started   bool         // while reading: fallback, fused or strip have been there
}

// readDecoder returns what the member "decoder" of a tokenizer.json says.
func readDecoder(v jsontext.Value) (*decoder, error) {
	d := &decoder{}
	if isNull(v) {
		d.join = " "
		return d, nil
	}
	return d, d.read(v, true)
}

// read adds a step. alone tells that there are no others.
func (d *decoder) read(v jsontext.Value, alone bool) error {
	var p struct {
		Type           string           `json:"type"`
		Decoders       []jsontext.Value `json:"decoders"`
		Pattern        jsontext.Value   `json:"pattern"`
		Content        string           `json:"content"`
		Start          int              `json:"start"`
		Stop           int              `json:"stop"`
		Replacement    string           `json:"replacement"`
		PrependScheme  string           `json:"prepend_scheme"`
		AddPrefixSpace *bool            `json:"add_prefix_space"`
	}
	if isNull(v) {
		return errors.New("a Sequence has an entry null")
	}
	if err := unmarshal(v, &p); err != nil {
		return err
	}
	misplaced := func() error { return fmt.Errorf("%s is not supported at this place of a Sequence", p.Type) }
	switch p.Type {
	case "Sequence":
		for _, v := range p.Decoders {
			if err := d.read(v, alone && len(p.Decoders) == 1); err != nil {
				return err
			}
		}
	case "ByteLevel":
		if !alone {
			return misplaced()
		}
		d.byteLevel = true
	case "Metaspace":
		if !alone {
			return misplaced()
		}
		if utf8.RuneCountInString(p.Replacement) != 1 {
			return fmt.Errorf("type Metaspace: the replacement %q is not one character", p.Replacement)
		}
		always, first, err := prependScheme(preTokenizer{PrependScheme: p.PrependScheme, AddPrefixSpace: p.AddPrefixSpace})
		if err != nil {
			return err
		}
		if d.mark = p.Replacement; !always && !first {
			d.mark, d.replace = "", []normalizer{func(s string) string { return strings.ReplaceAll(s, p.Replacement, " ") }}
		}
	case "Replace":
		if d.started {
			return misplaced()
		}
		n, err := readReplace(p.Pattern, p.Content)
		if err != nil {
			return fmt.Errorf("type Replace: %w", err)
		}
		d.replace = append(d.replace, n)
	case "ByteFallback":
		if d.started {
			return misplaced()
		}
		d.fallback, d.started = true, true
	case "Fuse":
		if d.strip != "" {
			return misplaced()
		}
		d.fused, d.started = true, true
	case "Strip":
		if d.strip != "" || p.Stop != 0 || p.Start < 0 || utf8.RuneCountInString(p.Content) != 1 {
			return fmt.Errorf("type Strip of %q, %d at the start and %d at the end, is not supported; golens reads one that strips one character at the start alone", p.Content, p.Start, p.Stop)
		}
		if d.fallback && !d.fused { // it would strip each run of bytes as a whole
			return misplaced()
		}
		d.strip, d.most, d.started = p.Content, p.Start, true
	default:
		return unsupported(p.Type, "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip, Sequence")
	}
	return nil
}

// piece returns the bytes of a piece that is written as name, and whether it is one
// byte of ByteFallback's.
func (d *decoder) piece(name string) (text string, isByte bool) {
	if d.byteLevel {
		if b, err := appendBytes(nil, name); err == nil {
			return string(b), false
		}
		return name, false
	}
	for _, r := range d.replace {
		name = r(name)
	}
	if d.fallback {
		if b, ok := fallbackByte(name); ok {
			return string([]byte{b}), true
		}
	}
	if d.mark != "" {
		name = strings.ReplaceAll(name, d.mark, " ")
	}
	if !d.fused {
		name = name[d.leading(name):]
	}
	return name, false
}

// leading returns the length of what Strip takes off the start of text.
func (d *decoder) leading(text string) int {
	n := 0
	for i := 0; i < d.most && strings.HasPrefix(text[n:], d.strip); i++ {
		n += len(d.strip)
	}
	return n
}

// fallbackByte returns the byte of a piece that is written <0x0A>.
func fallbackByte(name string) (byte, bool) {
	if len(name) != len("<0x0A>") || name[:3] != "<0x" || name[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(name[3:5], 16, 8)
	return byte(b), err == nil
}
