package token

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"unicode/utf16"

	"github.com/golens/golens/internal/atomicfile"
)

// Save writes the tokenizer to a folder, in files that Open and Hugging Face's
// libraries read: vocab.json and merges.txt where that is all there is to it (GPT2's
// are OpenAI's files to the last byte), else tokenizer.json and
// tokenizer_config.json. Files of these names are replaced once the new ones are
// complete.
func (t *Tokenizer) Save(dir string) error {
	if t.spec != nil {
		if err := save(dir, tokenizerJSON, t.spec.writeTokenizer); err != nil {
			return err
		}
		return save(dir, configFile, t.spec.writeConfig)
	}
	v := t.vocabulary
	if err := save(dir, vocabFile, func(w io.Writer) error { return writeVocab(w, v) }); err != nil {
		return err
	}
	return save(dir, mergesFile, func(w io.Writer) error { return writeMerges(w, v) })
}

// save writes one file of a folder.
func save(dir, name string, write func(io.Writer) error) error {
	return atomicfile.WriteFile(context.Background(), filepath.Join(dir, name), write)
}

// writeVocab writes the pieces in the layout of Python's json.dumps.
func writeVocab(w io.Writer, v *vocabulary) error {
	var line []byte
	for id := range int32(v.size()) {
		line = append(line[:0], ", "...)
		if id == 0 {
			line = append(line[:0], '{')
		}
		line = appendJSON(line, v.display(id))
		line = fmt.Appendf(line, ": %d", id)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "}")
	return err
}

// appendJSON appends s as a JSON string of ASCII characters alone.
func appendJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case ' ' <= r && r <= '~':
			dst = append(dst, byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}

// writeMerges writes the merges, the first one first.
func writeMerges(w io.Writer, v *vocabulary) error {
	if _, err := io.WriteString(w, "#version: 0.2\n"); err != nil {
		return err
	}
	for _, m := range v.merges {
		if _, err := fmt.Fprintf(w, "%s %s\n", v.display(m.left), v.display(m.right)); err != nil {
			return err
		}
	}
	return nil
}
