// Package lora reads LoRA adapters as Python's peft writes them: for some of a model's
// matrices two thin ones, whose product is added to them.
package lora

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/safetensors"
)

// prefix is what peft puts in front of the names of the model's modules.
const prefix = "base_model.model."

// An Adapter is an adapter's description and its open tensors.
type Adapter struct {
	Dir     string
	Base    string // the model that it was trained on, by its own word; "" where it says none
	Set     *safetensors.Set
	Config  [sha256.Size]byte // SHA-256 of adapter_config.json
	Modules map[string]Pair   // by the module's name in transformers, such as "transformer.h.0.attn.c_attn"
}

// A Pair is what is added to one module's weight [out,in]: Scale times B [out,r] times A [r,in].
// Weight is what it is added to, where the adapter brings that along in place of the model's own.
// peft writes it so for heads. Else its Shape is nil.
type Pair struct {
	A, B   safetensors.Entry
	Weight safetensors.Entry
	Scale  float64
}

// BaseOf returns the model that the adapter in a folder was trained on, "" where it does
// not say.
func BaseOf(dir string) string {
	c, err := readConfig(dir)
	if err != nil {
		return ""
	}
	return c.Base
}

// Open opens the adapter in a folder. An adapter that is no plain LoRA is an error, which
// names what it has.
func Open(dir string) (*Adapter, error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", dir, err)
	}
	// A link to a file that is gone is there: opening it tells what is wrong.
	name, err := checkpoint.ChooseAdapter(func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", dir, err)
	}
	set, err := checkpoint.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("adapter: %w", err)
	}
	a := &Adapter{Dir: dir, Base: c.Base, Set: set, Config: c.digest}
	if err := a.pair(c); err != nil {
		set.Close()
		return nil, fmt.Errorf("adapter %s: %w", dir, err)
	}
	return a, nil
}

// Close closes the tensors' files.
func (a *Adapter) Close() error { return a.Set.Close() }

// config are the fields of adapter_config.json that say what is added.
type config struct {
	Type   string   `json:"peft_type"`
	Base   string   `json:"base_model_name_or_path"`
	R      int64    `json:"r"`
	Alpha  float64  `json:"lora_alpha"`
	Ranks  patterns `json:"rank_pattern"`
	Alphas patterns `json:"alpha_pattern"`
	Root   bool     `json:"use_rslora"`
	digest [sha256.Size]byte
}

// harmless are the fields that change nothing of what is added, or are in config. Every
// other one asks for something else where it is set.
var harmless = []string{"peft_type", "base_model_name_or_path", "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora",
	"auto_mapping", "peft_version", "revision", "task_type", "inference_mode", "target_modules", "exclude_modules", "lora_dropout", "fan_in_fan_out",
	"bias", "init_lora_weights", "layers_to_transform", "layers_pattern", "megatron_core", "loftq_config", "eva_config", "qalora_group_size", "ensure_weight_tying"}

func readConfig(dir string) (*config, error) {
	text, err := os.ReadFile(filepath.Join(dir, checkpoint.AdapterName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder has no %s, as peft writes it", checkpoint.AdapterName)
	}
	if err != nil {
		return nil, err
	}
	c := config{digest: sha256.Sum256(text)}
	all := map[string]any{}
	err = json.Unmarshal(text, &all)
	if wrong, ok := err.(*json.UnmarshalTypeError); ok {
		return nil, fmt.Errorf("%s holds a JSON %s, not an object", checkpoint.AdapterName, wrong.Value)
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if wrong, ok := err.(*json.UnmarshalTypeError); ok { // a pattern has words of its own
		return nil, fmt.Errorf("%s: %s is of the type %s", checkpoint.AdapterName, wrong.Field, wrong.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", checkpoint.AdapterName, err)
	}
	if c.Type != "LORA" {
		return nil, fmt.Errorf("its peft_type is %q; golens has LORA", c.Type)
	}
	const how = "; merge it in Python (merge_and_unload, save_pretrained), and give the merged model"
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(harmless, key) && isSet(all[key]) {
			return nil, fmt.Errorf("its %s is set, which golens does not merge%s", key, how)
		}
	}
	if bias, ok := all["bias"].(string); ok && bias != "none" {
		return nil, fmt.Errorf("its bias is %q, so that biases change as well, which golens does not merge%s", bias, how)
	}
	switch init := all["init_lora_weights"].(type) {
	case string: // by some of them peft changes the model's own weights when it loads the adapter
		if !slices.Contains([]string{"gaussian", "eva", "orthogonal"}, init) {
			return nil, fmt.Errorf("its init_lora_weights is %q, by which the model's own weights were changed as well%s", init, how)
		}
	}
	if !(c.Alpha > 0 || c.Alpha < 0) || math.IsInf(c.Alpha, 0) || c.R < 1 {
		return nil, fmt.Errorf("%s has no r and lora_alpha that can be used: %d and %g", checkpoint.AdapterName, c.R, c.Alpha)
	}
	return &c, nil
}

// isSet reports whether a value says anything: not null, false, 0 or empty.
func isSet(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// pair finds the two matrices of every module.
func (a *Adapter) pair(c *config) error {
	a.Modules = map[string]Pair{}
	for _, name := range a.Set.Names() {
		module, part := cutLast(strings.TrimSuffix(name, ".weight"))
		module, ok := strings.CutPrefix(module, prefix)
		p := a.Modules[module]
		e, _ := a.Set.Lookup(name)
		to, known := map[string]*safetensors.Entry{"lora_A": &p.A, "lora_B": &p.B, "base_layer": &p.Weight}[part]
		if !ok || !known {
			return fmt.Errorf("it holds %s, which is not of a linear layer; golens merges %sMODULE.lora_A.weight and lora_B.weight only", name, prefix)
		}
		if len(e.Shape) != 2 {
			return fmt.Errorf("%s has the shape %v, not that of a matrix", name, e.Shape)
		}
		*to = e
		a.Modules[module] = p
	}
	if len(a.Modules) == 0 {
		return errors.New("it holds no tensors")
	}
	for _, module := range slices.Sorted(maps.Keys(a.Modules)) {
		p := a.Modules[module]
		alpha, rank := c.Alphas.of(module, c.Alpha), int64(c.Ranks.of(module, float64(c.R)))
		switch {
		case p.A.Shape == nil || p.B.Shape == nil:
			return fmt.Errorf("of %s it holds one matrix of two", module)
		case p.A.Shape[0] != rank || p.B.Shape[1] != rank:
			return fmt.Errorf("the matrices of %s are %v and %v, and %s says a rank of %d", module, p.A.Shape, p.B.Shape, checkpoint.AdapterName, rank)
		case c.Root:
			p.Scale = alpha / math.Sqrt(float64(rank))
		default:
			p.Scale = alpha / float64(rank)
		}
		a.Modules[module] = p
	}
	return nil
}

// cutLast cuts a name at its last dot.
func cutLast(name string) (before, after string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return name, ""
	}
	return name[:i], name[i+1:]
}

// A pattern is a member of rank_pattern or alpha_pattern: a regular expression for the end
// of a module's name, and the module's own value.
type pattern struct {
	name  *regexp.Regexp
	value float64
}

// patterns are in the file's order, which a Go map would lose: the first that fits counts.
type patterns []pattern

func (p *patterns) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return err // null is none
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value float64
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("the pattern %v: %w", key, err)
		}
		re, err := regexp.Compile(`^(.*\.)?(` + key.(string) + `)$`)
		if err != nil {
			return fmt.Errorf("the pattern %v: %w", key, err)
		}
		*p = append(*p, pattern{re, value})
	}
	return nil
}

// of returns the value of the first pattern that fits a module's name, otherwise common.
func (p patterns) of(module string, common float64) float64 {
	for _, x := range p {
		if x.name.MatchString(module) {
			return x.value
		}
	}
	return common
}
