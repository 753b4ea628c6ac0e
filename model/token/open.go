package token

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	vocabFile  = "vocab.json"
	mergesFile = "merges.txt"
)

// Open returns the tokenizer of a Hugging Face folder. It reads tokenizer.json if there is one.
// Otherwise it reads the two files of a GPT-2 tokenizer: vocab.json, the pieces with their ids,
// and merges.txt, the merges from first to last. It takes up to 1,048,576 pieces.
//
// The ids are those of transformers 5. For some classes of tokenizers, transformers takes only the
// pieces and merges of a tokenizer.json. So Open also reads tokenizer_config.json and the type of
// model in config.json. See docs/tokenizers.md. With the two files, special tokens are the pieces
// that no merge makes and that are written <like this>.
//
// It is an error if a file is missing, malformed, contradicts the other, or asks for something
// that golens does not do. The error names the file, the line or piece, and the reason.
func Open(dir string) (*Tokenizer, error) {
	s, err := readSettings(dir)
	if err != nil {
		return nil, fmt.Errorf("token: open %s: %w", dir, err)
	}
	file, err := readOptional(dir, tokenizerJSON)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if file != nil {
		t, err := openJSON(file, s)
		if err != nil {
			return nil, fmt.Errorf("token: open %s: %s: %w", dir, tokenizerJSON, err)
		}
		return t, nil
	}
	vocab, err := readFile(dir, vocabFile)
	if err != nil {
		return nil, err
	}
	merges, err := readFile(dir, mergesFile)
	if err != nil {
		return nil, err
	}
	v, err := parse(vocab, merges)
	if err != nil {
		return nil, fmt.Errorf("token: open %s: %w", dir, err)
	}
	t, err := openPlain(newTokenizer(v), s)
	if err != nil {
		return nil, fmt.Errorf("token: open %s: %w", dir, err)
	}
	return t, nil
}

// openJSON returns the tokenizer of a tokenizer.json in a folder with the settings.
func openJSON(file []byte, s *settings) (*Tokenizer, error) {
	made, post, err := readSpec(file)
	if err != nil {
		return nil, err
	}
	class := s.className(bytes.Contains(file, []byte(`"ByteLevel"`)))
	if err := s.apply(made, post, class, true); err != nil {
		return nil, err
	}
	if t, ok := made.plain(); ok {
		return t, nil
	}
	return made.compile()
}

// openPlain returns the tokenizer of the two files in a folder. The settings can ask for other
// words than GPT-2's, or for a token in front.
func openPlain(t *Tokenizer, s *settings) (*Tokenizer, error) {
	if s.given == nil { // there is no more to the folder than the two files
		return t, nil
	}
	class := s.className(false)
	if class != qwenClass && class != neoxClass {
		class = gpt2Class
	}
	made := t.asSpec()
	if err := s.apply(made, nil, class, false); err != nil {
		return nil, err
	}
	if len(made.template.before)+len(made.template.after) == 0 && class == gpt2Class && (s.AddPrefix == nil || !*s.AddPrefix) && made.knows(t) {
		return t, nil
	}
	return made.compile()
}

// knows reports whether the spec has no added tokens but the special ones of a tokenizer. The spec
// must also put the same tokens around a text.
func (s *spec) knows(t *Tokenizer) bool {
	special := map[string]bool{}
	for _, id := range t.special {
		special[t.vocabulary.display(id)] = true
	}
	for _, a := range s.added {
		if !special[a.Content] {
			return false
		}
	}
	bos, _ := t.name(t.BOS())
	eos, _ := t.name(t.EndOfText())
	return (s.bos == "" || s.bos == bos) && (s.eos == "" || s.eos == eos)
}

// readFile returns the contents of one of the tokenizer's files.
func readFile(dir, name string) ([]byte, error) {
	file, err := os.ReadFile(filepath.Join(dir, name))
	if err == nil {
		return file, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("token: %w", err)
	}
	if _, statErr := os.Stat(dir); statErr != nil {
		return nil, fmt.Errorf("token: the folder %s does not exist: %w", dir, err)
	}
	return nil, fmt.Errorf("token: %s has no %s; a tokenizer is a %s, or the two files %s and %s: copy them from the model's page: %w",
		dir, name, tokenizerJSON, vocabFile, mergesFile, err)
}
