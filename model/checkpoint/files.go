// Package checkpoint knows the files of a Hugging Face model: which files hold the weights, which
// of them are read, and how to open them. It opens safetensors and the files of torch.save in the
// same way.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golens/golens/model/safetensors"
)

// ConfigName is the name of the configuration file.
const ConfigName = "config.json"

// CardName is the name of the model card, which people read.
const CardName = "README.md"

// weightNames are the files that hold a model's weights or list their shards. The first
// that is there is read, as in transformers.
var weightNames = []string{"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"}

// TextNames are the files of configuration and tokenizer. A model has some of them.
var TextNames = []string{ConfigName, "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
	"added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja"}

// IsText reports whether a file belongs to configuration or tokenizer.
func IsText(name string) bool {
	ok, _ := path.Match("additional_chat_templates/*.jinja", name)
	return ok || slices.Contains(TextNames, name)
}

// IsIndex reports whether a file lists shards.
func IsIndex(name string) bool { return strings.HasSuffix(name, ".index.json") }

// Choose returns the file that holds the weights, or the index of their shards. has says which
// files exist. config is the text of config.json; its transformers_weights comes before the usual
// names. The error says what is missing.
func Choose(config []byte, has func(name string) bool) (string, error) {
	var said struct {
		Weights *string `json:"transformers_weights"`
	}
	// What is wrong in config.json is told by the package that reads it.
	if json.Unmarshal(config, &said) == nil && said.Weights != nil {
		name := *said.Weights
		switch {
		case !isLocal(name), !strings.HasSuffix(name, ".safetensors") && !strings.HasSuffix(name, ".safetensors.index.json"):
			return "", fmt.Errorf("config.json has transformers_weights %.80q, which is no safetensors file of the folder", name)
		case !has(name):
			return "", fmt.Errorf("config.json has transformers_weights %q, and there is no such file", name)
		}
		return name, nil
	}
	for _, name := range weightNames {
		if has(name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("there is no %s", strings.Join(weightNames, ", no "))
}

// isLocal reports whether a name can be joined to a folder.
func isLocal(name string) bool {
	return filepath.IsLocal(name) && path.Clean(name) == name && name != "." && !strings.ContainsAny(name, "\\\x00")
}

// IsWeights reports whether a file holds weights in some format, whether golens reads it or not.
func IsWeights(name string) bool {
	return slices.Contains([]string{".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".gguf", ".ot", ".onnx"}, path.Ext(name))
}

// File returns the file of a model's folder that holds its weights, or the index of
// their shards.
func File(dir string) (string, error) {
	config, err := os.ReadFile(filepath.Join(dir, ConfigName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("open weights: %w", err)
	}
	// A link to a file that is gone is there: opening it tells what is wrong.
	name, err := Choose(config, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
		return err == nil
	})
	if err != nil {
		return "", fmt.Errorf("open weights %s: %w%s", dir, err, others(dir))
	}
	return filepath.Join(dir, filepath.FromSlash(name)), nil
}

// others says which weights that are not read a folder holds.
func others(dir string) string {
	var found []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if IsWeights(e.Name()) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return "; fetch the weights, or give another folder"
	}
	return fmt.Sprintf("; there is only %s: give a file by its path, or save the model as safetensors (in Python: model.save_pretrained(DIR))",
		strings.Join(found[:min(len(found), 5)], ", "))
}

// Shards returns the files that an index lists, with slashes, relative to the index.
func Shards(index []byte) ([]string, error) { return safetensors.Shards(index) }

// Missing returns an error that says what a model's folder lacks: a configuration, or a file of
// its weights. It returns nil if everything is there. A folder with an adapter and no
// configuration must have the adapter's files. Missing reads nothing but an index.
func Missing(dir string) error {
	if !exists(dir, ConfigName) {
		if HasAdapter(dir) {
			return MissingAdapter(dir)
		}
		return fmt.Errorf("it has no %s", ConfigName)
	}
	file, err := File(dir)
	if err != nil {
		return errors.New("it has no weights")
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%s cannot be read: %w", filepath.Base(file), err)
	}
	if !IsIndex(file) {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	shards, err := Shards(text)
	if err != nil {
		return nil // opening it tells what is wrong
	}
	for _, shard := range shards {
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), filepath.FromSlash(shard))); err != nil {
			return fmt.Errorf("%s cannot be read: %w", shard, err)
		}
	}
	return nil
}
