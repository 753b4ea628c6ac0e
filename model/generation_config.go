package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/golens/golens/model/config"
)

// GenerationFile is the file of a model's folder that holds settings of generation. A folder
// without it has them in config.json.
const GenerationFile = "generation_config.json"

// A GenerationConfig holds the settings that change what a model writes, like the class of that
// name in transformers. Settings describes the fields.
type GenerationConfig struct {
	EOS                  []int64
	MaxNew, MaxLength    int // 0 for no limit
	MinNew, MinLength    int
	Stop                 []string
	SequenceBias         []SequenceBias
	EncoderPenalty       float64 // 1 for none, as RepetitionPenalty
	RepetitionPenalty    float64
	NoRepeatNgram        int // 0 for none, as EncoderNoRepeatNgram
	EncoderNoRepeatNgram int
	BadWords             [][]int64
	ForcedBOS, ForcedEOS []int64
	RemoveInvalid        bool
	Decay                *LengthDecay
	Suppress             []int64
	BeginSuppress        []int64
	Sample               bool
	Sampling             Sampling // used if Sample is set
	Renormalize          bool

	Pad        []int64  // pad_token_id, which golens does not apply
	NotApplied []string // other settings of the file that golens does not apply: "num_beams 4"
	File       string   // where the settings come from; "" for the defaults
}

// A SequenceBias is added to the logit of the last of IDs where the text ends with the IDs before
// it.
type SequenceBias struct {
	IDs  []int64
	Bias float64
}

// MarshalJSON writes b as the file has it, [[ID, ...], bias].
func (b SequenceBias) MarshalJSON() ([]byte, error) { return json.Marshal([]any{b.IDs, b.Bias}) }

// UnmarshalJSON reads what MarshalJSON writes.
func (b *SequenceBias) UnmarshalJSON(text []byte) error { return unmarshalPair(text, &b.IDs, &b.Bias) }

// A LengthDecay raises the logits of the tokens that end a text, once there are more than Start
// new tokens. The increase grows with the length of the text.
type LengthDecay struct {
	Start  int
	Factor float64
}

// MarshalJSON writes d as the file has it, [start, factor].
func (d LengthDecay) MarshalJSON() ([]byte, error) { return json.Marshal([]any{d.Start, d.Factor}) }

// UnmarshalJSON reads what MarshalJSON writes.
func (d *LengthDecay) UnmarshalJSON(text []byte) error {
	return unmarshalPair(text, &d.Start, &d.Factor)
}

func unmarshalPair(text []byte, first, second any) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return errors.New("a list of two is needed")
	}
	return errors.Join(decode(string(pair[0]), first), decode(string(pair[1]), second))
}

// NewGenerationConfig returns the defaults: no limit, and no token ends the text.
func NewGenerationConfig() *GenerationConfig {
	return &GenerationConfig{EncoderPenalty: 1, RepetitionPenalty: 1, Sampling: Sampling{Temperature: 1, TopK: 50, TopP: 1}}
}

// GenerationConfig returns the settings of the model's folder, with which transformers' generate
// starts: those of generation_config.json or, without that file, of config.json.
//
// An archive has the settings of its configuration. Without one, the tokenizer's end-of-text token
// ends a text. Errors name the file and the field.
func (m *Model) GenerationConfig() (*GenerationConfig, error) {
	if m.archive == nil && m.Dir != "" {
		path := filepath.Join(m.Dir, GenerationFile)
		text, err := readGeneration(path)
		if err != nil {
			return nil, fmt.Errorf("model: read the settings of generation: %w", err)
		}
		if text != nil {
			g, err := ParseGenerationConfig(text)
			if err != nil {
				return nil, fmt.Errorf("model: %s: %w; mend the file, or remove it for the settings of config.json", path, err)
			}
			g.File = GenerationFile
			return g, nil
		}
	}
	if m.Config != nil {
		g, err := ParseGenerationConfig(m.Config.Raw)
		if err != nil {
			return nil, fmt.Errorf("model: %s: %w", filepath.Join(m.Dir, config.FileName), err)
		}
		g.File = config.FileName
		return g, nil
	}
	g := NewGenerationConfig()
	if tok, err := m.Tokenizer(); err == nil {
		if id, ok := tok.EndOfText(); ok {
			g.EOS = []int64{id}
		}
	}
	return g, nil
}

// readGeneration returns the text of a file, or nil if it does not exist.
func readGeneration(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 16 << 20 // real files have some hundred bytes
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("%s has more than %d bytes, which no %s has", path, most, GenerationFile)
	}
	return text, err
}

// ParseGenerationConfig reads the text of a generation_config.json, or of a config.json.
func ParseGenerationConfig(text []byte) (*GenerationConfig, error) {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("it is no JSON object: %w", err)
	}
	if file == nil {
		return nil, errors.New("it is no JSON object: it is null")
	}
	g := NewGenerationConfig()
	for _, s := range Settings {
		if value, ok := file[s.Name]; ok {
			if err := s.Set(g, string(value)); err != nil {
				return nil, fmt.Errorf("%s is %s: %w", s.Name, shorten(value), err)
			}
		}
	}
	if value, ok := file["pad_token_id"]; ok && string(value) != "null" {
		if err := setIDs(string(value), &g.Pad); err != nil {
			return nil, fmt.Errorf("pad_token_id is %s: it is a token id", shorten(value))
		}
	}
	for _, other := range notApplied {
		if value, ok := file[other.name]; ok && other.acts(value) {
			g.NotApplied = append(g.NotApplied, other.name+" "+shorten(value))
		}
	}
	return g, nil
}

// Source names where the settings come from, for use in a sentence.
func (g *GenerationConfig) Source() string { return cmp.Or(g.File, "the settings") }

// Warnings returns a sentence for each setting that golens does not apply. draws says whether
// tokens are drawn.
func (g *GenerationConfig) Warnings(draws bool) []string {
	var out []string
	if len(g.NotApplied) > 0 {
		out = append(out, fmt.Sprintf("%s asks for %s, which golens does not apply: transformers' generate may give another text or other last bits", g.Source(), strings.Join(g.NotApplied, ", ")))
	}
	if g.Sample && !draws {
		out = append(out, g.Source()+" asks for tokens drawn by chance (do_sample); here each token is the likeliest, as with do_sample=False")
	}
	return out
}

// Check returns an error if a setting names tokens outside a vocabulary of that size, or leaves no
// token to choose.
func (g *GenerationConfig) Check(vocab int) error {
	type tokens struct {
		name string
		ids  []int64
	}
	named := []tokens{{"forced_bos_token_id", g.ForcedBOS}, {"forced_eos_token_id", g.ForcedEOS}}
	for _, n := range named {
		if len(n.ids) > 0 && !slices.ContainsFunc(n.ids, func(id int64) bool { return !slices.Contains(g.Suppress, id) }) {
			return choice("%s forces tokens that suppress_tokens forbids: %v", n.name, n.ids)
		}
	}
	for _, b := range g.SequenceBias {
		named = append(named, tokens{"sequence_bias", b.IDs})
	}
	for _, ids := range g.BadWords {
		named = append(named, tokens{"bad_words_ids", ids})
	}
	for _, n := range named {
		for _, id := range n.ids {
			if id < 0 || id >= int64(vocab) {
				return choice("%s names the token %d, and the vocabulary has the ids 0 to %d", n.name, id, vocab-1)
			}
		}
	}
	return nil
}

// shorten returns a JSON value in one line that is not long.
func shorten(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return "?"
	}
	const most = 60
	if r := []rune(b.String()); len(r) > most {
		return string(r[:most]) + "..."
	}
	return b.String()
}

// Changed returns the settings that differ from the defaults, by name, as values for JSON.
func (g *GenerationConfig) Changed() map[string]any {
	out := map[string]any{}
	for _, s := range g.changed() {
		out[s.Name] = reflect.ValueOf(s.at(g)).Elem().Interface()
	}
	return out
}

// Describe returns the settings that differ from the defaults, each as "name value", in the order
// of Settings.
func (g *GenerationConfig) Describe() []string { return g.describe(g.changed()) }

// Shaping returns the settings of Describe that change logits, without those of sampling.
func (g *GenerationConfig) Shaping() []string {
	return g.describe(slices.DeleteFunc(g.changed(), func(s *Setting) bool { return s.Chance || s.step == nil }))
}

func (g *GenerationConfig) changed() []*Setting {
	var out []*Setting
	defaults := NewGenerationConfig()
	for _, s := range Settings {
		value, other := reflect.ValueOf(s.at(g)).Elem(), reflect.ValueOf(s.at(defaults)).Elem()
		empty := value.Kind() == reflect.Slice && value.Len() == 0
		if !empty && !reflect.DeepEqual(value.Interface(), other.Interface()) {
			out = append(out, s)
		}
	}
	return out
}

func (g *GenerationConfig) describe(settings []*Setting) []string {
	var out []string
	for _, s := range settings {
		text, err := json.Marshal(s.at(g))
		if err != nil { // an infinite number
			text = fmt.Append(nil, reflect.ValueOf(s.at(g)).Elem())
		}
		out = append(out, s.Name+" "+shorten(text))
	}
	return out
}

// clone returns a copy that shares no data that is written to.
func (g *GenerationConfig) clone() *GenerationConfig {
	own := *g
	return &own
}

// An other is a field that changes what transformers' generate does, and that golens does not
// apply.
type other struct {
	name    string
	neutral []string // values that change nothing, beside null and false
}

func (o other) acts(value json.RawMessage) bool {
	text := strings.TrimSpace(string(value))
	var n float64
	if json.Unmarshal(value, &n) == nil && text != "null" && n == math.Trunc(n) && math.Abs(n) < 1e6 {
		text = fmt.Sprint(int(n)) // 1.0 is 1
	}
	return text != "null" && (text != "false" || slices.Contains(o.neutral, "true")) && !slices.Contains(o.neutral, text)
}

// notApplied are the fields beyond Settings with which transformers' generate writes other tokens,
// computes other last bits, stops elsewhere, or refuses.
var notApplied = []other{
	{"num_beams", []string{"1"}}, {"num_beam_groups", []string{"1"}}, {"num_return_sequences", []string{"1"}},
	{"constraints", nil}, {"force_words_ids", nil}, {"penalty_alpha", []string{"0"}}, {"dola_layers", nil},
	{"guidance_scale", []string{"1"}}, {"watermarking_config", nil}, {"token_healing", nil}, {"max_time", nil},
	{"prompt_lookup_num_tokens", nil}, {"assistant_early_exit", nil}, {"use_mtp", nil}, {"is_assistant", nil},
	{"use_cache", []string{"true"}}, {"cache_implementation", []string{`"dynamic"`, `"offloaded"`, `"hybrid"`}}, {"prefill_chunk_size", nil},
	{"logits_processor", nil}, {"stopping_criteria", nil}, {"prefix_allowed_tokens_fn", nil}, {"assistant_model", nil},
	{"negative_prompt_ids", nil}, {"negative_prompt_attention_mask", nil},
}
