// Package config reads a model's config.json. It turns the file of Hugging Face's transformers
// into the few numbers that a model is built from, with the defaults of the library's classes. It
// refuses, with a sentence, everything that golens would compute differently.
package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// FileName is the file of a model's folder that Read reads.
const FileName = "config.json"

// maxSize is the longest config.json in bytes that Read takes. Real ones have a
// few thousand.
const maxSize = 16 << 20

// A Config is a model's configuration.
type Config struct {
	Type string // model_type, such as "gpt2"
	Arch *Arch  // what the model is built from

	Raw    []byte            // the text that was read
	Digest [sha256.Size]byte // SHA-256 of Raw
	Notes  []string          // what the file says that golens does not follow, in sentences
}

// families maps each model_type that golens has to what reads its fields. Keys
// that a file lacks have the defaults of transformers' class.
var families = map[string]func(*fields) *Arch{
	"gpt2":        gpt2,
	"phi":         phi,
	"gpt_neox":    gptNeoX,
	"llama":       llama,
	"mistral":     mistral,
	"qwen2":       qwen2,
	"qwen3":       qwen3,
	"opt":         opt,
	"gptj":        gptJ,
	"gpt_neo":     gptNeo,
	"gemma2":      gemma2,
	"gemma3_text": gemma3,
}

// Read reads the config.json of the model's folder dir. Errors name the file,
// the key and the remedy.
func Read(dir string) (*Config, error) {
	path := filepath.Join(dir, FileName)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		if _, dirErr := os.Stat(dir); dirErr != nil {
			return nil, fmt.Errorf("read the model's configuration: there is no folder %s: %w", dir, err)
		}
		return nil, fmt.Errorf("read the model's configuration: %s is missing; a model's folder holds it beside the weights: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the model's configuration: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read the model's configuration: %s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the model's configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the model's configuration: %w", err)
	}
	c, err := Parse(data)
	if q := new(QuantizedError); errors.As(err, &q) {
		q.Base = baseModel(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// TypeIn returns the model_type of the folder's config.json, supported or not, or "".
func TypeIn(dir string) string {
	data, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil || len(data) > maxSize {
		return ""
	}
	f, err := parseFields(data)
	if err != nil {
		return ""
	}
	return f.text("model_type", "")
}

// Parse reads the text of a config.json. It keeps data.
func Parse(data []byte) (*Config, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("it has more than %d bytes, which no model's configuration has", maxSize)
	}
	f, err := parseFields(data)
	if err != nil {
		return nil, err
	}
	c := &Config{Raw: data, Digest: sha256.Sum256(data)}
	c.Type = f.text("model_type", "")
	if f.err != nil {
		return nil, f.err
	}
	family, ok := families[c.Type]
	switch {
	case c.Type == "":
		return nil, fmt.Errorf(`it has no "model_type"; if the model is GPT-2, add "model_type": "gpt2"`)
	case !ok:
		return nil, fmt.Errorf("model_type %s is not supported; golens has %s",
			quote(c.Type), list(families))
	}
	if f.has("auto_map") {
		c.Notes = append(c.Notes, "auto_map names code in the model's folder, which golens does not run: it computes what transformers' own class "+c.Type+" does")
	}
	if f.isSet("quantization_config") {
		return nil, &QuantizedError{By: f.quantizedBy()}
	}
	c.Arch = family(f)
	c.Arch.finish(f)
	if f.err != nil {
		return nil, f.err
	}
	if odd := f.unknown(); len(odd) > 0 {
		c.Notes = append(c.Notes, "golens does not know "+strings.Join(odd, ", ")+": what this says is not computed")
	}
	return c, nil
}
