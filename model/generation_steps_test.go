package model_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

const wordsOfSteps = 120 // more than top-h looks at

// stepLogits returns logits with equals, infinities and both zeros among them.
func stepLogits(r *rand.Rand, nan bool) []float32 {
	out := make([]float32, wordsOfSteps)
	for i := range out {
		out[i] = float32(r.NormFloat64() * 4)
	}
	for i := range 12 {
		out[r.IntN(len(out))] = out[i]
	}
	out[r.IntN(len(out))], out[r.IntN(len(out))] = float32(math.Copysign(0, -1)), 0
	out[r.IntN(len(out))] = float32(math.Inf(-1))
	if nan {
		out[r.IntN(len(out))], out[r.IntN(len(out))] = float32(math.NaN()), float32(math.Inf(1))
	}
	return out
}

// config returns the settings as golens reads them from a file.
func config(t *testing.T, settings map[string]any) *model.GenerationConfig {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	g, err := model.ParseGenerationConfig(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return g
}

// equalScores compares what golens makes of logits with what transformers makes of
// them, bit by bit, and the token that is taken with it.
func equalScores(t *testing.T, settings map[string]any, logits []float32, ids []int64, prompt int) (moved bool) {
	t.Helper()
	want := reference.Scores(t, logits, ids, prompt, settings)
	g := config(t, settings)
	c, err := model.NewChooser(g, prompt)
	if err != nil {
		t.Fatal(err)
	}
	x := logitsOf(t, logits)
	got, err := c.Scores(x, ids)
	if err != nil {
		t.Fatalf("%v behind %v: %v", settings, ids, err)
	}
	defer got.Close()
	scores, err := torch.Values[float32](got)
	if err != nil {
		t.Fatal(err)
	}
	reference.Equal(t, fmt.Sprintf("scores with %v behind %v of %d", settings, ids, prompt), scores, want["scores"])
	moved = !slices.Equal(scores, logits)
	if forbidden, ok := c.Forbidden(ids, len(logits)); ok && moved {
		for i, s := range scores {
			if gone := slices.Contains(forbidden, int64(i)); gone != (math.IsInf(float64(s), -1) && !math.IsInf(float64(logits[i]), -1)) && !math.IsInf(float64(logits[i]), -1) {
				t.Errorf("%v: token %d is forbidden: %v, and its score is %v", settings, i, gone, s)
			}
		}
	}
	return moved
}

// stepSettings are values of every setting that changes logits.
var stepSettings = map[string][]any{
	"sequence_bias": {[]any{[]any{[]int{5}, 3.5}, []any{[]int{7, 9}, -2.25}, []any{[]int{7, 9, 5}, 1.1}, []any{[]int{9, 5}, 0.7}, []any{[]int{9}, 0.1}, []any{[]int{5}, 0.3}},
		[]any{[]any{[]int{5, 7, 9}, 15000000.5}, []any{[]int{7, 7, 9}, 15000000.5}, []any{[]int{3, 7, 9}, 15000000.5}, []any{[]int{9, 7, 9}, 15000000.5}, []any{[]int{64, 7, 9}, 15000000.5}, []any{[]int{7, 9}, 0.3}, []any{[]int{9}, -15000000.5}},
		[]any{[]any{[]int{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1.5}}},
	"encoder_repetition_penalty":       {1.3, 0.5},
	"repetition_penalty":               {1.3, 0.7, 2.0},
	"no_repeat_ngram_size":             {1, 2, 3, 9},
	"encoder_no_repeat_ngram_size":     {1, 2, 3},
	"bad_words_ids":                    {[][]int{{5}, {7, 9}, {3, 7, 9, 11}, {64}}, [][]int{{9, 9}}},
	"min_length":                       {1, 7, 20},
	"min_new_tokens":                   {1, 4},
	"forced_bos_token_id":              {7},
	"forced_eos_token_id":              {64, []int{64, 65}},
	"remove_invalid_values":            {true},
	"exponential_decay_length_penalty": {[]any{1, 1.07}, []any{0, 1.5}, []any{9, 1.1}},
	"suppress_tokens":                  {[]int{3, 5}, []int{5, 4000, 5}},
	"begin_suppress_tokens":            {[]int{5, 9}},
	"renormalize_logits":               {true},
	"temperature":                      {0.7, 1.9},
	"top_h":                            {0.4, 1.0},
	"top_k":                            {1, 7, 500},
	"top_p":                            {0.9, 0.2},
	"min_p":                            {0.05, 0.9},
	"typical_p":                        {0.5, 0.95},
	"epsilon_cutoff":                   {0.01, 0.9},
	"eta_cutoff":                       {0.02, 0.5},
}

// stepText returns a text in which sequences come twice, and its prompt's length.
func stepText(r *rand.Rand) ([]int64, int) {
	ids := []int64{5}
	for range r.IntN(8) {
		ids = append(ids, []int64{7, 9, 5, 3, 64}[r.IntN(5)])
	}
	return ids, 1 + r.IntN(len(ids))
}

// TestScores compares each setting alone, and then many of them at a time, with
// transformers' own processors.
func TestScores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var names []string
	for name, values := range stepSettings {
		names = append(names, name)
		s := model.SettingOf(name)
		if s == nil {
			t.Fatalf("no setting is called %s", name)
		}
		for _, value := range values {
			moved := false
			for range 12 {
				settings := map[string]any{name: value, "eos_token_id": []int{64, 65, 4000}, "max_length": 6, "do_sample": s.Chance}
				if name == "exponential_decay_length_penalty" || name == "forced_eos_token_id" { // transformers looks the tokens up
					settings["eos_token_id"] = []int{64, 65}
				}
				if _, ok := settings["top_k"]; !ok {
					settings["top_k"] = 0
				}
				ids, prompt := stepText(r)
				moved = equalScores(t, settings, stepLogits(r, !s.Chance), ids, prompt) || moved
			}
			if !moved && fmt.Sprint(value) != "[[1 2 3 4 5 6 7 8 9]]" && name != "no_repeat_ngram_size" && value != 500 {
				t.Errorf("%s %v changes nothing", name, value)
			}
		}
	}
	slices.Sort(names)
	for range 150 {
		settings := map[string]any{"eos_token_id": 64, "max_length": 1 + r.IntN(9), "do_sample": r.IntN(2) == 0, "top_k": 0}
		for range 2 + r.IntN(5) {
			name := names[r.IntN(len(names))]
			settings[name] = stepSettings[name][r.IntN(len(stepSettings[name]))]
		}
		ids, prompt := stepText(r)
		equalScores(t, settings, stepLogits(r, false), ids, prompt)
	}
}

// TestScoresAtTheEdge: the token with which the sum of probabilities is top-p itself.
func TestScoresAtTheEdge(t *testing.T) {
	gone := float32(math.Inf(-1))
	for _, p := range []float64{0.25, 0.5, 0.75} {
		equalScores(t, map[string]any{"do_sample": true, "top_k": 0, "top_p": p}, []float32{0, gone, 0, 0, gone, 0}, []int64{1}, 1)
	}
}

// TestEverySettingIsCompared: no setting with a step is left out above.
func TestEverySettingIsCompared(t *testing.T) {
	no := []string{"eos_token_id", "max_new_tokens", "max_length", "stop_strings", "do_sample"} // no step of their own
	for _, s := range model.Settings {
		if (stepSettings[s.Name] == nil) != slices.Contains(no, s.Name) {
			t.Errorf("%s", s.Name)
		}
	}
}
