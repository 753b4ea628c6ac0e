package config

import (
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// keys are a family's names of the numbers that every family has. A bar parts
// two names of one.
type keys struct{ vocab, context, width, blocks, heads, inner, eps, activation string }

// usual are the names that most families have.
var usual = keys{"vocab_size", "max_position_embeddings", "hidden_size", "num_hidden_layers", "num_attention_heads",
	"intermediate_size", "rms_norm_eps", "hidden_act"}

// base reads the numbers that every family has. missing holds the class's
// defaults; an inner width of 0 stands for four times the width.
func (f *fields) base(k keys, missing Base) Base {
	key := func(names string) string {
		own, other, two := strings.Cut(names, "|")
		if two {
			return f.either(own, other)
		}
		return own
	}
	size := func(names string, missing int, most int64) int { return f.size(key(names), int64(missing), most) }
	b := missing
	b.Vocab = size(k.vocab, missing.Vocab, mostVocab)
	b.Context = size(k.context, missing.Context, mostContext)
	b.Width = size(k.width, missing.Width, mostWidth)
	b.Blocks = size(k.blocks, missing.Blocks, mostBlocks)
	b.Heads = size(k.heads, missing.Heads, mostWidth)
	if k.eps != "" {
		b.Eps = f.number(k.eps, missing.Eps)
	}
	b.Activation = f.text(k.activation, missing.Activation)
	b.Tied = f.boolean("tie_word_embeddings", missing.Tied)
	b.DType = readDType(f)
	b.BOS = f.id("bos_token_id", missing.BOS)
	b.EOS = f.ids("eos_token_id", missing.EOS...)
	switch {
	case missing.Inner == 0 && !f.has(k.inner):
		b.Inner = 4 * b.Width
	default:
		b.Inner = size(k.inner, missing.Inner, mostInner)
	}
	if f.err == nil && b.Width%b.Heads != 0 && !f.has("head_dim") {
		own := func(names string) string { s, _, _ := strings.Cut(names, "|"); return s }
		f.fail("%s is %d, which %s, %d, does not divide", own(k.width), b.Width, own(k.heads), b.Heads)
	}
	if f.err == nil && !activations[b.Activation] {
		f.fail("%s %s is not supported; golens has %s", k.activation, quote(b.Activation), list(activations))
	}
	if f.err == nil && b.Eps < 0 {
		f.fail("%s is %g; it must not be negative", k.eps, b.Eps)
	}
	return b
}

// optional returns a whole number from 1 to most; ifNull for null.
func (f *fields) optional(key string, missing, ifNull int, most int64) int {
	if value, ok := f.get(key); ok && value.Kind() == 'n' {
		return ifNull
	}
	if _, ok := f.get(key); !ok {
		return missing
	}
	return f.size(key, 1, most)
}

// only refuses a switch that is not as golens has it.
func (f *fields) only(key string, has bool, reason string) {
	if got := f.boolean(key, has); f.err == nil && got != has {
		f.fail("%s is %t: %s", key, got, reason)
	}
}

// object returns the members of an object, empty where the key is missing or null.
func (f *fields) object(key string) *fields {
	in := &fields{values: map[string]jsontext.Value{}}
	if !f.has(key) {
		return in
	}
	if f.values[key].Kind() != '{' {
		f.wrong(key, "an object")
		return in
	}
	if err := json.Unmarshal(f.values[key], &in.values); err != nil {
		f.fail("%s: %w", key, err)
	}
	if f.inner == nil {
		f.inner = map[string]*fields{}
	}
	f.inner[key] = in
	return in
}

// rope reads how positions turn queries and keys: from rope_parameters, or from rope_scaling and
// theta in older files. part is the share of a head's numbers that are turned, where the file tells
// none.
func (f *fields) rope(theta, part float64, thetaKey, partKey string, headDim, context int) *Rope {
	key := "rope_parameters"
	if f.has("rope_scaling") {
		key = "rope_scaling" // it comes before the other
		f.known("rope_parameters")
	}
	in := f.object(key)
	for _, kind := range []string{"full_attention", "sliding_attention"} {
		if in.has(kind) {
			f.fail("%s has other positions for blocks of kind %s, which golens has for gemma3_text only", key, kind)
		}
	}
	theta = f.number(thetaKey, theta)
	if partKey != "" {
		part = f.number(partKey, part)
		part = in.number("partial_rotary_factor", part)
	} else if in.text("rope_type", in.text("type", "default")) == "default" {
		f.known("partial_rotary_factor") // which these classes do not read
		in.known("partial_rotary_factor")
	}
	return f.ropeOf(key, in, theta, part, headDim, context)
}

// ropeOf reads one object of rotary parameters; theta is used where it has none.
func (f *fields) ropeOf(key string, in *fields, theta, part float64, headDim, context int) *Rope {
	r := &Rope{Theta: in.number("rope_theta", theta)}
	r.Type = in.text("rope_type", in.text("type", "default"))
	switch r.Type {
	case "default":
		in.known("factor", "attention_factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
	case "dynamic":
		// Within the context, which is as far as golens goes, the frequencies are those of
		// a text of the context's length: transformers makes them so at the start.
		in.known("original_max_position_embeddings")
		r.Factor = in.number("factor", math.NaN())
		dim := float64(int(float64(headDim) * part))
		r.Theta *= math.Pow(r.Factor*float64(context)/float64(context)-(r.Factor-1), dim/(dim-2))
	case "linear":
		in.known("original_max_position_embeddings")
		r.Factor = in.number("factor", math.NaN())
	case "llama3":
		r.Factor = in.number("factor", math.NaN())
		r.Low, r.High = in.number("low_freq_factor", math.NaN()), in.number("high_freq_factor", math.NaN())
		if _, ok := in.get("original_max_position_embeddings"); ok {
			r.Original = in.size("original_max_position_embeddings", 1, mostContext)
		} else {
			r.Original = f.size("max_position_embeddings", 2048, mostContext)
		}
	default:
		f.fail("%s: rope_type %s is not supported; golens has default, dynamic, linear, llama3", key, quote(r.Type))
	}
	if in.err != nil {
		f.fail("%s: %w", key, in.err)
	}
	for _, x := range []float64{r.Factor, r.Low, r.High} {
		if math.IsNaN(x) {
			f.fail("%s lacks a factor that rope_type %s needs", key, r.Type)
		}
	}
	if r.Theta <= 0 || r.Type != "default" && !(r.Factor > 0) || r.Type == "llama3" && !(r.Low > 0 && r.High > r.Low) {
		f.fail("%s: theta and factors must be above 0, and the high factor above the low one", key)
	}
	if part < 0 || part > 1 {
		f.fail("the share of a head that positions turn is %g; it is 0 to 1", part)
		part = 1
	}
	r.Dim = int(float64(headDim) * part)
	return r
}

// windows reads which blocks have a window: from layer_types, or by the rule of
// the class where the file has none.
func (f *fields) windows(a *Arch, rule func(block int) bool) {
	kinds := make([]bool, a.Blocks)
	if f.has("layer_types") {
		var types []string
		if err := json.Unmarshal(f.values["layer_types"], &types); err != nil {
			f.fail("layer_types is not a list of strings")
		}
		if f.err == nil && len(types) != a.Blocks {
			f.fail("layer_types has %d entries, and the model %d blocks", len(types), a.Blocks)
			return
		}
		for i, s := range types {
			switch s {
			case "full_attention":
			case "sliding_attention":
				kinds[i] = true
			default:
				f.fail("layer_types holds %s; golens has full_attention and sliding_attention", quote(s))
			}
		}
	} else {
		for i := range kinds {
			kinds[i] = rule(i)
		}
	}
	if f.err == nil && slices.Contains(kinds, true) {
		a.Windowed = kinds
	}
}

// dtypes are the types that golens computes in.
var dtypes = []string{"float32", "float16", "bfloat16"}

// readDType returns the type to compute in. dtype goes before torch_dtype, the
// older name.
func readDType(f *fields) string {
	for _, key := range []string{"dtype", "torch_dtype"} {
		if !f.has(key) {
			continue
		}
		dtype := f.text(key, "")
		if f.err == nil && !slices.Contains(dtypes, dtype) {
			f.fail("%s %s is not supported; golens has %s", key, quote(dtype), strings.Join(dtypes, ", "))
		}
		return dtype
	}
	return ""
}
