package model

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/golens/golens/model/config"
	defaultmodel "github.com/golens/golens/model/default"
	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/torch"
)

// DefaultName is what the embedded model is called.
const DefaultName = "golens-default"

// Open opens a model: "" is the one embedded in the program; a path is a Hugging
// Face folder with config.json and safetensors, or a TorchScript archive (.pt),
// which can run code of its own; any other name is looked up in the local Hugging Face cache. Nothing is fetched from the network.
func Open(where string, o Options) (*Model, error) {
	if isArchive(where) {
		return openArchive(where, o)
	}
	if o.Names != (Names{}) {
		return nil, choice("model: names of parts and tokenizer are for TorchScript archives, and %s is none", cmp.Or(where, DefaultName))
	}
	if where == "" || where == DefaultName {
		return openDefault(o)
	}
	dir, err := locate(where)
	if err != nil {
		return nil, err
	}
	c, err := config.Read(dir)
	if err != nil {
		return nil, err
	}
	w, err := openWeights(dir, o.DType, c.Arch, o.Device)
	if err != nil {
		return nil, err
	}
	m, err := build(where, c, w, o)
	if err != nil {
		return nil, err
	}
	m.Dir = dir
	m.tokenizer = sync.OnceValues(func() (*token.Tokenizer, error) { return openTokenizer(dir, c.Arch.Vocab) })
	return m, nil
}

// locate returns the folder that a name or path means.
func locate(where string) (string, error) {
	s, err := os.Stat(where)
	switch {
	case err == nil && s.IsDir():
		return where, nil
	case err == nil && strings.HasSuffix(where, ".safetensors"):
		return "", fmt.Errorf("model: %s is a file: give the folder that holds it and its config.json", where)
	case err == nil:
		return "", fmt.Errorf("model: %s is not a folder: and no TorchScript archive: give a Hugging Face folder with config.json and model.safetensors, or a .pt", where)
	case looksLikePath(where):
		return "", fmt.Errorf("model: there is no folder %s", where)
	case strings.HasSuffix(where, ".pt"):
		return "", fmt.Errorf("model: there is no file %s", where)
	}
	return hub.Find(where, hub.Whole, os.Getenv)
}

// looksLikePath tells a path from a name such as gpt2 or openai-community/gpt2.
func looksLikePath(s string) bool {
	return filepath.IsAbs(s) || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "~") ||
		strings.HasSuffix(s, "/") || strings.Count(s, "/") > 1
}

// OpenTokenizer returns the tokenizer of a model by name or path, as Open takes
// them, without its weights; "" is GPT-2's.
func OpenTokenizer(where string) (*token.Tokenizer, error) {
	if where == "" || where == DefaultName {
		return token.GPT2()
	}
	if isArchive(where) {
		return openArchiveTokenizer(where)
	}
	dir, err := locate(where)
	if err != nil {
		return nil, err
	}
	c, err := config.Read(dir)
	if err != nil {
		return nil, err
	}
	return openTokenizer(dir, c.Arch.Vocab)
}

// openTokenizer reads a folder's tokenizer, or falls back on GPT-2's own where it has none.
func openTokenizer(dir string, size int) (*token.Tokenizer, error) {
	for _, name := range []string{"tokenizer.json", "vocab.json", "merges.txt"} {
		if isFile(filepath.Join(dir, name)) {
			return token.Open(dir)
		}
	}
	t, err := token.GPT2()
	if err != nil {
		return nil, err
	}
	if t.Size() != size {
		return nil, fmt.Errorf("model: %s has no tokenizer.json, and no vocab.json and merges.txt, and its vocabulary of %d tokens is not GPT-2's: give the folder its tokenizer files", dir, size)
	}
	return t, nil
}

func openDefault(o Options) (*Model, error) {
	c, err := config.Parse(defaultmodel.Config)
	if err != nil {
		return nil, fmt.Errorf("model: the embedded model: %w", err)
	}
	dtype := torch.Float32 // what it was trained in: the file is of half the size to keep the program small
	if o.DType != "" && o.DType != Auto {
		if dtype, err = o.DType.of(); err != nil {
			return nil, err
		}
	}
	w, err := embeddedWeights(DefaultName, defaultmodel.Weights, dtype, o.Device)
	if err != nil {
		return nil, fmt.Errorf("model: the embedded model: %w", err)
	}
	m, err := build(DefaultName, c, w, o)
	if err != nil {
		return nil, err
	}
	m.tokenizer = token.GPT2
	return m, nil
}
