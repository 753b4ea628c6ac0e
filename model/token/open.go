package token

import (
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

// Open returns the tokenizer of a Hugging Face folder with the two files of a
// GPT-2 tokenizer: vocab.json, the pieces with their ids, and merges.txt, the
// merges from the first to the last. It takes any byte-level vocabulary of up
// to 1,048,576 pieces. Other files of the folder are not read: the special
// tokens are the pieces of vocab.json that no merge makes and that are written
// <like this>.
//
// A file that is missing, malformed or at odds with the other is an error that
// names it, the line or piece, and the reason.
func Open(dir string) (*Tokenizer, error) {
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
	return newTokenizer(v), nil
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
	hint := "copy both from the model's page"
	if _, statErr := os.Stat(filepath.Join(dir, "tokenizer.json")); statErr == nil {
		hint = "its tokenizer.json alone is not enough; save the tokenizer in GPT-2's two files"
	}
	return nil, fmt.Errorf("token: %s has no %s; a GPT-2 tokenizer is the two files %s and %s: %s: %w",
		dir, name, vocabFile, mergesFile, hint, err)
}
