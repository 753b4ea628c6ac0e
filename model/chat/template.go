// Package chat turns a conversation into the text that an instruct model was trained on. It uses
// the chat template in the model's folder, as transformers' apply_chat_template does.
package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrNone says that a model has no chat template.
var ErrNone = errors.New("the model has no chat template")

// maxTemplate is the longest template in bytes. Published ones have up to 20,000.
const maxTemplate = 256 << 10

// A Template is a chat template and the special tokens that it may name.
type Template struct {
	Source string            // in the language of Jinja
	File   string            // where it was found, relative to the folder
	Tokens map[string]string // by name, such as "bos_token"
}

// Open reads the template of a model's folder: chat_template.jinja, or that of
// tokenizer_config.json, which is one text or a list of which the one called default
// counts. A folder without one is an error that wraps ErrNone.
func Open(dir string) (*Template, error) {
	const file, config = "chat_template.jinja", "tokenizer_config.json"
	text, err := os.ReadFile(filepath.Join(dir, config))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	fields := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, fmt.Errorf("chat template: %s: %w", filepath.Join(dir, config), err)
		}
	}
	t := &Template{File: file, Tokens: tokens(fields)}
	switch source, err := os.ReadFile(filepath.Join(dir, file)); {
	case err == nil:
		t.Source = string(source)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("chat template: %w", err)
	default:
		t.File = config
		if t.Source, err = inConfig(fields["chat_template"]); err != nil {
			return nil, fmt.Errorf("chat template: %s: %w", filepath.Join(dir, config), err)
		}
	}
	switch {
	case t.Source == "":
		return nil, fmt.Errorf("%s: %w", dir, ErrNone)
	case len(t.Source) > maxTemplate:
		return nil, fmt.Errorf("chat template: that of %s has %d bytes; golens takes up to %d", filepath.Join(dir, t.File), len(t.Source), maxTemplate)
	}
	return t, nil
}

// Has reports whether a folder has a template that Open would read.
func Has(dir string) bool {
	_, err := Open(dir)
	return err == nil
}

// inConfig returns the template of tokenizer_config.json, "" for none.
func inConfig(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []any:
		var names []string
		for _, x := range v {
			m, _ := x.(map[string]any)
			name, _ := m["name"].(string)
			source, _ := m["template"].(string)
			if name == "default" {
				return source, nil
			}
			names = append(names, name)
		}
		return "", fmt.Errorf("of its chat templates none is called default: %s", strings.Join(names, ", "))
	}
	return "", errors.New("its chat_template is neither a text nor a list")
}

// tokens returns the special tokens that a tokenizer_config.json names, as a template
// sees them.
func tokens(fields map[string]any) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"} {
		switch v := fields[name].(type) {
		case string:
			out[name] = v
		case map[string]any:
			if s, ok := v["content"].(string); ok {
				out[name] = s
			}
		}
	}
	return out
}
