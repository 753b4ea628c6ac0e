package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Setting is a field of a GenerationConfig that golens applies: its name in
// generation_config.json, its effect, and the step with which it changes logits.
type Setting struct {
	Name   string
	Takes  string // what a value looks like: "X", "IDS"
	Doc    string
	Chance bool // applies only when tokens are drawn

	at    func(*GenerationConfig) any // a pointer to the value
	want  string                      // what a value is, for errors
	valid func(any) bool              // of a pointer to a value of the right type; nil for all of them
	step  func(*GenerationConfig, written) step
}

// Flag returns the setting's name on the command line: repetition-penalty.
func (s *Setting) Flag() string { return strings.ReplaceAll(s.Name, "_", "-") }

// Switch reports whether the setting is either on or off.
func (s *Setting) Switch() bool {
	_, ok := s.at(NewGenerationConfig()).(*bool)
	return ok
}

// Set sets g's field to the value of a text: JSON, or a list without its brackets. null is the
// default. An error says what the value should be.
func (s *Setting) Set(g *GenerationConfig, text string) error {
	own := g.clone()
	if err := assign(s.at(own), s.at(NewGenerationConfig()), strings.TrimSpace(text)); err != nil || s.valid != nil && !s.valid(s.at(own)) {
		return errors.New("it is " + s.want)
	}
	*g = *own
	return nil
}

// SettingOf returns the setting of a name, or nil.
func SettingOf(name string) *Setting {
	for _, s := range Settings {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// assign reads text into the value, or restores the default if text is null.
func assign(value, original any, text string) error {
	null := text == "null"
	switch v := value.(type) {
	case *bool:
		if null {
			*v = *original.(*bool)
			return nil
		}
		return decode(text, v)
	case *int:
		if null {
			*v = *original.(*int)
			return nil
		}
		return decode(text, v)
	case *float64:
		if null {
			*v = *original.(*float64)
			return nil
		}
		n, err := strconv.ParseFloat(text, 64)
		*v = n
		return err
	case *[]int64:
		if null {
			*v = *original.(*[]int64)
			return nil
		}
		return setIDs(text, v)
	case *[]string:
		*v = nil
		if strings.HasPrefix(text, `"`) {
			text = "[" + text + "]"
		}
		return decode(text, v)
	case *[][]int64:
		*v = nil
		return decode(text, v)
	case *[]SequenceBias:
		*v = nil
		return decode(text, v)
	case **LengthDecay:
		*v = nil
		if null {
			return nil
		}
		return decode(bracketed(text), v)
	}
	return fmt.Errorf("a %T is no setting", value)
}

// setIDs reads one token id or a list of them.
func setIDs(text string, to *[]int64) error {
	*to = nil
	return decode(bracketed(text), to)
}

func bracketed(text string) string {
	if !strings.HasPrefix(text, "[") {
		return "[" + text + "]"
	}
	return text
}

// decode reads one JSON value. A null within a list is not read as zero.
func decode(text string, to any) error {
	if strings.Contains(text, "null") && text != "null" && !strings.Contains(text, `"`) {
		return errors.New("null in a list")
	}
	return json.Unmarshal([]byte(text), to)
}

const (
	tokenIDs   = "a token id or a list of them"
	count      = "a whole number, 0 or more"
	length     = "a whole number, 1 or more"
	above0     = "a number above 0"
	realNumber = "a number"
	orSwitched = "true or false"
)

func atLeast(least int) func(any) bool { return func(v any) bool { return *v.(*int) >= least } }

func number(valid func(x float64) bool) func(any) bool {
	return func(v any) bool { x := *v.(*float64); return !math.IsInf(x, 0) && valid(x) } // valid is false of NaN
}

var (
	positive   = number(func(x float64) bool { return x > 0 })
	finite     = number(func(x float64) bool { return x == x }) // Sampling.Check says more, where tokens are drawn
	everyToken = func(v any) bool {
		return !slices.ContainsFunc(*v.(*[][]int64), func(ids []int64) bool { return len(ids) == 0 })
	}
	everyBias = func(v any) bool {
		return !slices.ContainsFunc(*v.(*[]SequenceBias), func(b SequenceBias) bool { return len(b.IDs) == 0 })
	}
	everyText = func(v any) bool { return !slices.Contains(*v.(*[]string), "") }
	realDecay = func(v any) bool { d := *v.(**LengthDecay); return d == nil || d.Start >= 0 && d.Factor > 0 }
)

// Settings are the settings that golens applies, in the order in which transformers' generate
// applies their steps to the logits. A new setting is a line here.
var Settings = []*Setting{
	{Name: "eos_token_id", Takes: "IDS", Doc: "the tokens that end the text", want: tokenIDs, at: func(g *GenerationConfig) any { return &g.EOS }},
	{Name: "max_new_tokens", Takes: "N", Doc: "the most new tokens", want: length, valid: atLeast(1), at: func(g *GenerationConfig) any { return &g.MaxNew }},
	{Name: "max_length", Takes: "N", Doc: "the same, counted with the prompt's", want: length, valid: atLeast(1), at: func(g *GenerationConfig) any { return &g.MaxLength }},
	{Name: "stop_strings", Takes: "TEXT", Doc: "texts that end the text once it ends with one of them or a token goes beyond", want: "a text or a list of texts, none empty", valid: everyText,
		at: func(g *GenerationConfig) any { return &g.Stop }},
	{Name: "sequence_bias", Takes: "LIST", Doc: "add to the logit of a sequence's last token where the text ends with the others: [[[ID, ...], X], ...]",
		want: "a list of pairs, each a list of token ids and a number", valid: everyBias, at: func(g *GenerationConfig) any { return &g.SequenceBias }, step: biasStep},
	{Name: "encoder_repetition_penalty", Takes: "X", Doc: "raise the prompt's tokens: a positive logit times X, a negative one divided by X", want: above0, valid: positive,
		at: func(g *GenerationConfig) any { return &g.EncoderPenalty }, step: encoderPenaltyStep},
	{Name: "repetition_penalty", Takes: "X", Doc: "lower the tokens of the text so far: a positive logit divided by X, a negative one times X", want: above0, valid: positive,
		at: func(g *GenerationConfig) any { return &g.RepetitionPenalty }, step: penaltyStep},
	{Name: "no_repeat_ngram_size", Takes: "N", Doc: "no N tokens in a row come twice", want: count, valid: atLeast(0),
		at: func(g *GenerationConfig) any { return &g.NoRepeatNgram }, step: ngramStep},
	{Name: "encoder_no_repeat_ngram_size", Takes: "N", Doc: "no N tokens in a row of the prompt come again", want: count, valid: atLeast(0),
		at: func(g *GenerationConfig) any { return &g.EncoderNoRepeatNgram }, step: encoderNgramStep},
	{Name: "bad_words_ids", Takes: "LIST", Doc: "sequences of tokens that never come: [[ID, ...], ...]", want: "a list of lists of token ids, none empty", valid: everyToken,
		at: func(g *GenerationConfig) any { return &g.BadWords }, step: badWordsStep},
	{Name: "min_length", Takes: "N", Doc: "forbid the end of the text before so many tokens, the prompt's among them", want: count, valid: atLeast(0),
		at: func(g *GenerationConfig) any { return &g.MinLength }, step: minLengthStep},
	{Name: "min_new_tokens", Takes: "N", Doc: "the same, counted without the prompt's", want: count, valid: atLeast(0),
		at: func(g *GenerationConfig) any { return &g.MinNew }, step: minNewStep},
	{Name: "forced_bos_token_id", Takes: "ID", Doc: "this token follows on a prompt of one token", want: tokenIDs,
		at: func(g *GenerationConfig) any { return &g.ForcedBOS }, step: forcedBOSStep},
	{Name: "forced_eos_token_id", Takes: "IDS", Doc: "the last token, where the text becomes as long as it may", want: tokenIDs,
		at: func(g *GenerationConfig) any { return &g.ForcedEOS }, step: forcedEOSStep},
	{Name: "remove_invalid_values", Doc: "take a logit that is NaN for 0, and an infinite one for the largest number", want: orSwitched,
		at: func(g *GenerationConfig) any { return &g.RemoveInvalid }, step: removeStep},
	{Name: "exponential_decay_length_penalty", Takes: "N,X", Doc: "raise the end of the text after N new tokens, the more the higher X is above 1",
		want: "a list of a number of tokens and a factor above 0", valid: realDecay, at: func(g *GenerationConfig) any { return &g.Decay }, step: decayStep},
	{Name: "suppress_tokens", Takes: "IDS", Doc: "tokens that never come", want: tokenIDs, at: func(g *GenerationConfig) any { return &g.Suppress }, step: suppressStep},
	{Name: "begin_suppress_tokens", Takes: "IDS", Doc: "tokens that do not come first", want: tokenIDs,
		at: func(g *GenerationConfig) any { return &g.BeginSuppress }, step: beginSuppressStep},
	{Name: "do_sample", Doc: "draw tokens by chance", want: orSwitched, at: func(g *GenerationConfig) any { return &g.Sample }},
	{Name: "temperature", Takes: "X", Chance: true, Doc: "divide logits by X; above 1 the choice is freer", want: above0, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.Temperature }, step: temperatureStep},
	{Name: "top_h", Takes: "H", Chance: true, Doc: "draw from the likeliest tokens that hold this part of the entropy", want: realNumber, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.TopH }, step: topHStep},
	{Name: "top_k", Takes: "K", Chance: true, Doc: "draw from the K likeliest tokens and the equals of the last; 0 for all, and 50 where neither a flag nor the folder says", want: "a whole number",
		at: func(g *GenerationConfig) any { return &g.Sampling.TopK }, step: topKStep},
	{Name: "top_p", Takes: "P", Chance: true, Doc: "draw from the fewest likeliest tokens whose probabilities add up to P", want: realNumber, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.TopP }, step: topPStep},
	{Name: "min_p", Takes: "P", Chance: true, Doc: "draw from tokens at least P times as probable as the likeliest", want: realNumber, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.MinP }, step: minPStep},
	{Name: "typical_p", Takes: "P", Chance: true, Doc: "draw from the most typical tokens whose probabilities add up to P", want: realNumber, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.TypicalP }, step: typicalStep},
	{Name: "epsilon_cutoff", Takes: "X", Chance: true, Doc: "draw from tokens with a probability of at least X", want: realNumber, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.Epsilon }, step: epsilonStep},
	{Name: "eta_cutoff", Takes: "X", Chance: true, Doc: "the same, less strict where the entropy is high", want: realNumber, valid: finite,
		at: func(g *GenerationConfig) any { return &g.Sampling.Eta }, step: etaStep},
	{Name: "renormalize_logits", Doc: "turn logits into logarithms of probabilities in the end", want: orSwitched,
		at: func(g *GenerationConfig) any { return &g.Renormalize }, step: normalizeStep},
}
