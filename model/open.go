package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/lora"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/model/torchsave"
	"github.com/golens/golens/model/torchscript"
	"github.com/golens/golens/torch"
)

// DefaultName is the name of the model of golens's own, which package builtin opens.
const DefaultName = "golens-default"

// A Fetch fetches a part of a model into the local Hugging Face cache, by the model's name, and
// returns its folder there. Package fetch has one.
type Fetch func(name string, part hub.Part) (dir string, err error)

// Open opens a model:
//
//   - a path is a Hugging Face folder with config.json and weights, a file of weights in such
//     a folder, or a TorchScript archive (.pt), which can run code of its own;
//   - any other name is looked up in the local Hugging Face cache, and fetched by o.Fetch if
//     the cache lacks it.
//
// Package builtin opens the model of golens's own, too.
func Open(where string, o Options) (*Model, error) {
	if torchscript.Is(where) && !isWeights(where) {
		if o.Adapter != "" {
			return nil, choice("model: an adapter is merged into a model's weights, and %s is an archive with its own code: give the model's folder", where)
		}
		return openArchive(where, o)
	}
	if err := o.noNames(where); err != nil {
		return nil, err
	}
	if where == "" || where == DefaultName {
		return nil, errors.New("model: no model was named, and package builtin opens the one of golens: give a folder or a name, or call builtin.Open")
	}
	// The adapter comes first: it is small, and whoever misspelt it waits for no weights.
	a, err := openAdapter(o.Adapter, o.Fetch)
	if err != nil {
		return nil, err
	}
	at, c, w, err := openFolder(where, o)
	if err != nil {
		a.Close()
		return nil, err
	}
	w.adapter = a
	m, err := build(where, c, w, o)
	if err != nil {
		return nil, err
	}
	m.Dir = at.dir
	if checkpoint.HasAdapter(at.dir) && o.Adapter == "" {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%s holds a LoRA adapter as well, which is not merged", at.dir))
	}
	m.tokenizer = sync.OnceValues(func() (*token.Tokenizer, error) { return openTokenizer(at.dir, c.Arch.Vocab) })
	return m, nil
}

// openFolder finds the folder of a model, fetched where need be, and opens what it holds.
func openFolder(where string, o Options) (at place, c *config.Config, w *weights, err error) {
	if at, err = locate(where, hub.Whole, o.Fetch); err != nil {
		return at, nil, nil, err
	}
	if checkpoint.HasAdapter(at.dir) && !isFile(filepath.Join(at.dir, config.FileName)) {
		return at, nil, nil, &AdapterError{Where: where, Base: lora.BaseOf(at.dir)}
	}
	if c, err = config.Read(at.dir); err != nil {
		return at, nil, nil, err
	}
	w, err = openWeights(at, o.DType, c.Arch, o.Device)
	return at, c, w, err
}

// A place says where a Hugging Face model is.
type place struct {
	dir     string
	weights string // the file that was named, "" for the one that the folder has
}

// open opens the weights.
func (p place) open() (*safetensors.Set, error) {
	if p.weights != "" {
		return checkpoint.Open(p.weights)
	}
	return checkpoint.OpenDir(p.dir)
}

// locate returns the place that a name or path means. fetch may be nil.
func locate(where string, part hub.Part, fetch Fetch) (place, error) {
	s, err := os.Stat(where)
	switch {
	case err == nil && s.IsDir():
		return place{dir: where}, nil
	case err == nil && isWeights(where):
		return place{dir: filepath.Dir(where), weights: where}, nil
	case err == nil:
		return place{}, fmt.Errorf("model: %s is neither a folder nor a TorchScript archive: give a Hugging Face folder with config.json and weights, a file of weights in it, or a .pt", where)
	case looksLikePath(where):
		return place{}, fmt.Errorf("model: there is no folder %s", where)
	case strings.HasSuffix(where, ".pt"):
		return place{}, fmt.Errorf("model: there is no file %s", where)
	}
	dir, err := cached(where, part, fetch)
	return place{dir: dir}, err
}

// cached returns the folder of a name in the local cache, into which fetch brings what is not
// there. fetch may be nil.
func cached(name string, part hub.Part, fetch Fetch) (string, error) {
	dir, err := hub.Find(name, part, os.Getenv)
	if err == nil || fetch == nil {
		return dir, err
	}
	dir, fetchErr := fetch(name, part)
	if offline := new(hub.OfflineError); errors.As(fetchErr, &offline) {
		fetchErr = fmt.Errorf("%w; %w", err, offline)
	}
	return dir, fetchErr
}

// isWeights reports whether path is a file of weights or an index of shards. A zip file of that
// name can still be a TorchScript archive.
func isWeights(path string) bool {
	if !isFile(path) {
		return false
	}
	for _, end := range []string{".safetensors", ".safetensors.index.json", ".bin.index.json"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return strings.HasSuffix(path, ".bin") && !torchsave.IsScript(path)
}

// looksLikePath tells a path from a name such as gpt2 or openai-community/gpt2, whose
// revision may have slashes: gpt2@refs/pr/1.
func looksLikePath(s string) bool {
	name, _, _ := strings.Cut(s, "@")
	return filepath.IsAbs(s) || strings.HasPrefix(s, ".") || strings.HasPrefix(s, "~") ||
		strings.HasSuffix(s, "/") || strings.Count(name, "/") > 1
}

// A FolderTokenizer is a tokenizer with the folder that it belongs to.
type FolderTokenizer struct {
	*token.Tokenizer
	Dir   string // the model's folder, or its TorchScript archive; "" for the embedded model
	Guess string // why another model's tokenizer was taken; "" for the model's own
}

// OpenTokenizer returns the tokenizer of a model, by a name or path as for Open, without the
// model's weights. "" is GPT-2's. fetch can be nil.
func OpenTokenizer(where string, fetch Fetch) (*FolderTokenizer, error) {
	if where == "" || where == DefaultName {
		tok, err := token.GPT2()
		return &FolderTokenizer{Tokenizer: tok}, err
	}
	if torchscript.Is(where) && !isWeights(where) {
		tok, err := openArchiveTokenizer(where)
		return &FolderTokenizer{Tokenizer: tok, Dir: where}, err
	}
	at, err := locate(where, hub.Text, fetch)
	if err != nil {
		return nil, err
	}
	c, err := config.Read(at.dir)
	if err != nil {
		return nil, err
	}
	tok, err := openTokenizer(at.dir, c.Arch.Vocab)
	return &FolderTokenizer{tok, at.dir, guessed(at.dir)}, err
}

// openTokenizer reads a folder's tokenizer. If the folder has no tokenizer file and the vocabulary
// has GPT-2's size, it takes GPT-2's: see guessed.
func openTokenizer(dir string, size int) (*token.Tokenizer, error) {
	if hasAny(dir, tokenizerFiles) != "" {
		return token.Open(dir)
	}
	// Another library's tokenizer: with GPT-2's in its place every id would be wrong.
	if other := hasAny(dir, otherTokenizers); other != "" {
		return nil, fmt.Errorf("model: %s has its tokenizer in %s, which golens does not read, and no tokenizer.json: write that "+
			"(in Python: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)), or give token ids", dir, other)
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

var (
	tokenizerFiles  = []string{"tokenizer.json", "vocab.json", "merges.txt"}
	otherTokenizers = []string{"tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.txt", "tekken.json", "vocab.bpe", "encoder.json", "bpe.codes"}
)

// hasAny returns the first of the files that a folder has, or "".
func hasAny(dir string, names []string) string {
	for _, name := range names {
		if isFile(filepath.Join(dir, name)) {
			return name
		}
	}
	return ""
}

// guessed says that a folder has no tokenizer files, so that GPT-2's is used.
func guessed(dir string) string {
	if hasAny(dir, tokenizerFiles) != "" {
		return ""
	}
	return fmt.Sprintf("%s has no tokenizer, and its vocabulary is of the size of GPT-2's: GPT-2's tokenizer is used", dir)
}

// GuessedTokenizer says why Tokenizer is not the model's own, or returns "" if it is.
func (m *Model) GuessedTokenizer() string {
	if m.Dir == "" || m.archive != nil {
		return ""
	}
	return guessed(m.Dir)
}

// OpenEmbedded opens a model in GPT-2's layout, with GPT-2's tokenizer, whose config.json and
// model.safetensors are in the program, under DefaultName. The weights come into memory when
// they are read; they are float32 where o does not say another type.
func OpenEmbedded(configText []byte, weights string, o Options) (*Model, error) {
	if err := o.noNames(DefaultName); err != nil {
		return nil, err
	}
	c, err := config.Parse(configText)
	if err != nil {
		return nil, fmt.Errorf("model: the embedded model: %w", err)
	}
	dtype := torch.Float32 // what it was trained in: the file is of half the size to keep the program small
	if o.DType != "" && o.DType != Auto {
		if dtype, err = o.DType.of(); err != nil {
			return nil, err
		}
	}
	w, err := embeddedWeights(DefaultName, weights, dtype, o.Device)
	if err != nil {
		return nil, fmt.Errorf("model: the embedded model: %w", err)
	}
	if w.adapter, err = openAdapter(o.Adapter, o.Fetch); err != nil {
		w.Close()
		return nil, err
	}
	m, err := build(DefaultName, c, w, o)
	if err != nil {
		return nil, err
	}
	m.tokenizer = token.GPT2
	return m, nil
}

// noNames returns an error if o names parts, which are for archives.
func (o Options) noNames(where string) error {
	if o.Names != (Names{}) {
		return choice("model: names of parts and tokenizer are for TorchScript archives, and %s is none", where)
	}
	return nil
}
