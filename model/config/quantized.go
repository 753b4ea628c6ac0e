package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/golens/golens/model/checkpoint"
)

// A QuantizedError says that a model's weights are quantized, which golens does not read.
type QuantizedError struct {
	By   string // the method, such as "gptq"; "" where config.json names none
	Base string // the model that this one was made of, by its model card; "" for unknown
}

func (e *QuantizedError) Error() string {
	by, base := "", "the model that this one was made of"
	if e.By != "" {
		by = " by " + quote(e.By)
	}
	if e.Base != "" {
		base = e.Base + ", which this one was made of"
	}
	return fmt.Sprintf("quantization_config is set: the weights are quantized%s; golens computes as stored, so take %s, in float32, float16 or bfloat16", by, base)
}

// baseModel returns the model that the model card in a folder says this one was made of,
// "" where it says none.
func baseModel(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, checkpoint.CardName))
	if err != nil {
		return ""
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	front, ok := bytes.CutPrefix(text, []byte("---\n"))
	front, _, closed := bytes.Cut(front, []byte("\n---"))
	if !ok || !closed {
		return ""
	}
	var card struct {
		Base any `yaml:"base_model"`
	}
	if yaml.Unmarshal(front, &card) != nil {
		return ""
	}
	names, isList := card.Base.([]any)
	if !isList {
		names = []any{card.Base}
	}
	if len(names) != 1 { // a merge of several
		return ""
	}
	name, _ := names[0].(string)
	if strings.ContainsAny(name, " \n") {
		return ""
	}
	return name
}
