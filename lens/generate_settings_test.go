package lens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/defaultmodel"
)

// withSettings returns a folder of the same model with that generation_config.json, or,
// where the name is config.json, with those fields in its configuration.
func withSettings(t *testing.T, source, name string, settings map[string]any) string {
	t.Helper()
	dir, file := t.TempDir(), map[string]any{}
	for _, other := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} {
		path := filepath.Join(source, other)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if other == name {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, other)); err != nil {
			t.Fatal(err)
		}
	}
	for field, value := range settings {
		file[field] = value
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestGenerateSettings compares what the settings of a folder make the model write, and
// every state and statistic of it, with transformers' generate on the same folder.
func TestGenerateSettings(t *testing.T) {
	source := reference.Model(t, "4x64-untied")
	plain := open(t, source, model.SDPA)
	ids := reference.IDs(4, 6, plain.Sizes.Vocab)
	free, err := lens.Generate(context.Background(), plain, ids, lens.GenerateOptions{NoEnd: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := func(i int) int64 { return free.Sequence[len(ids)+i] }
	const own = model.GenerationFile
	for _, c := range []struct {
		file     string
		settings map[string]any
		changes  bool // the text is another one than without
	}{
		{own, map[string]any{}, false},
		{own, map[string]any{"eos_token_id": nil}, false},
		{own, map[string]any{"eos_token_id": []int64{n(3), 5000}}, true},
		{own, map[string]any{"eos_token_id": n(3), "min_length": 12}, true},
		{own, map[string]any{"eos_token_id": n(1), "min_new_tokens": 3, "min_length": 30}, true},
		{own, map[string]any{"max_new_tokens": 4}, true},
		{own, map[string]any{"max_length": 9}, true},
		{own, map[string]any{"max_length": 9, "max_new_tokens": 5}, true},
		{own, map[string]any{"repetition_penalty": 7.5}, true},
		{own, map[string]any{"encoder_repetition_penalty": 2.5}, true},
		{own, map[string]any{"no_repeat_ngram_size": 1}, true},
		{own, map[string]any{"encoder_no_repeat_ngram_size": 1, "suppress_tokens": []int64{n(0)}}, true},
		{own, map[string]any{"suppress_tokens": []int64{n(0), n(2)}}, true},
		{own, map[string]any{"begin_suppress_tokens": []int64{n(0)}}, true},
		{own, map[string]any{"bad_words_ids": [][]int64{{n(0), n(1)}, {n(3)}}}, true},
		{own, map[string]any{"sequence_bias": []any{[]any{[]int64{7}, 100.5}, []any{[]int64{7, 9}, 200.5}}}, true},
		{own, map[string]any{"forced_eos_token_id": 11, "max_new_tokens": 5}, true},
		{own, map[string]any{"exponential_decay_length_penalty": []any{2, 3.5}, "eos_token_id": 11}, true},
		{own, map[string]any{"renormalize_logits": true, "remove_invalid_values": true}, false},
		{own, map[string]any{"do_sample": true, "temperature": 0.1, "top_k": 3, "num_return_sequences": nil}, false},
		{own, map[string]any{"repetition_penalty": 7.5, "no_repeat_ngram_size": 2, "suppress_tokens": []int64{1, n(4)}, "renormalize_logits": true, "begin_suppress_tokens": []int64{n(0)}}, true},
		{"config.json", map[string]any{"repetition_penalty": 7.5, "eos_token_id": nil}, true},
		{"config.json", map[string]any{"suppress_tokens": []int64{n(0)}, "max_length": 20}, true},
	} {
		t.Run(fmt.Sprintf("%s %v", c.file, c.settings), func(t *testing.T) {
			dir := withSettings(t, source, c.file, c.settings)
			withThreads(t, 1, func(t *testing.T) {
				m := open(t, dir, model.SDPA)
				want := reference.Generate(t, reference.Generation{OwnEnd: true, Request: reference.Request{Model: dir, IDs: ids, Lens: "notebook", Top: 3}})
				g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{Lens: lens.Options{Top: 3, Next: true, Hidden: true}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				equalGeneration(t, g, want)
				if same := slices.Equal(g.Sequence, free.Sequence); same == c.changes {
					t.Errorf("the text is %v, and %v without settings", g.Sequence, free.Sequence)
				}
				if c.settings["do_sample"] == true && !strings.Contains(fmt.Sprint(g.Warnings), "do_sample") {
					t.Errorf("warnings %q", g.Warnings)
				}
			})
		})
	}
}

// TestGenerateSettingsFast: in fast mode the same tokens come.
func TestGenerateSettingsFast(t *testing.T) {
	source := reference.Model(t, "4x64-untied")
	ids := reference.IDs(4, 6, 1009)
	for _, settings := range []map[string]any{{"repetition_penalty": 7.5}, {"no_repeat_ngram_size": 1}, {"suppress_tokens": []int{1, 2, 3}, "eos_token_id": nil}} {
		m := open(t, withSettings(t, source, model.GenerationFile, settings), model.SDPA)
		var texts [2][]int64
		for i, fast := range []bool{false, true} {
			g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{Lens: lens.Options{Fast: fast}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			texts[i] = g.Sequence
		}
		if !slices.Equal(texts[0], texts[1]) {
			t.Errorf("%v: %v, in fast mode %v", settings, texts[0], texts[1])
		}
	}
}

// TestForcedFirst: the token that follows on a prompt of one.
func TestForcedFirst(t *testing.T) {
	source := reference.Model(t, "4x64-untied")
	dir := withSettings(t, source, model.GenerationFile, map[string]any{"forced_bos_token_id": 77, "begin_suppress_tokens": []int{77}})
	withThreads(t, 1, func(t *testing.T) {
		m := open(t, dir, model.SDPA)
		want := reference.Generate(t, reference.Generation{OwnEnd: true, Request: reference.Request{Model: dir, IDs: []int64{5}, Lens: "notebook", Top: 3}})
		g, err := lens.Generate(context.Background(), m, []int64{5}, lens.GenerateOptions{Lens: lens.Options{Top: 3, Next: true, Hidden: true}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		equalGeneration(t, g, want)
		if g.Sequence[1] != 77 {
			t.Errorf("%v", g.Sequence)
		}
	})
}

// TestStopStrings compares where texts of the folder end a generation, with one that
// begins in the prompt and one that stands there already.
func TestStopStrings(t *testing.T) {
	m := open(t, "", "")
	const prompt = "He was so tired that he went to"
	free := write(t, m, prompt, lens.GenerateOptions{})
	p := pieces(free, 6)
	dir := t.TempDir()
	for name, data := range map[string][]byte{"config.json": defaultmodel.Config, "model.safetensors": []byte(defaultmodel.Weights)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		stop []string
		n    int // new tokens
	}{
		{[]string{p[2]}, 3}, {[]string{"never this", "to" + p[0]}, 1}, {[]string{"was so"}, 20}, {[]string{p[0][1:] + p[1][:2]}, 2}, {[]string{p[3], p[1]}, 2},
	} {
		folder := withSettings(t, dir, model.GenerationFile, map[string]any{"stop_strings": c.stop})
		withThreads(t, 1, func(t *testing.T) {
			tok, err := m.Tokenizer()
			if err != nil {
				t.Fatal(err)
			}
			if err := tok.Save(folder); err != nil {
				t.Fatal(err)
			}
			own := open(t, folder, model.SDPA)
			ids := encode(t, own, prompt)
			want := reference.Generate(t, reference.Generation{OwnEnd: true, Request: reference.Request{Model: folder, IDs: ids}})
			g, err := lens.Generate(context.Background(), own, ids, lens.GenerateOptions{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			reference.Equal(t, fmt.Sprintf("sequence with %q", c.stop), g.Sequence, want["sequence"])
			if len(g.Steps) != c.n {
				t.Errorf("%q: %d new tokens, want %d", c.stop, len(g.Steps), c.n)
			}
			same := write(t, m, prompt, lens.GenerateOptions{Stop: c.stop})
			if !slices.Equal(same.Sequence, g.Sequence) {
				t.Errorf("%q as an option: %v, want %v", c.stop, same.Sequence, g.Sequence)
			}
		})
	}
}

// TestSettingsOver: options come before the folder's settings, and what transformers
// would do otherwise is said.
func TestSettingsOver(t *testing.T) {
	source := reference.Model(t, "4x64-untied")
	ids := []int64{1, 2, 3}
	for _, c := range []struct {
		settings map[string]any
		o        lens.GenerateOptions
		n        int
		says     string // of a warning
	}{
		{map[string]any{"max_new_tokens": 5}, lens.GenerateOptions{MaxNew: 2}, 2, ""},
		{map[string]any{"max_length": 9}, lens.GenerateOptions{MaxNew: 8}, 8, ""},
		{map[string]any{"max_new_tokens": 5}, lens.GenerateOptions{MaxLength: 11}, 8, "max_new_tokens 5 of generation_config.json"},
		{map[string]any{"min_new_tokens": 5}, lens.GenerateOptions{MaxNew: 6, MinLength: 5}, 6, "min_new_tokens 5 of generation_config.json"},
		{map[string]any{"num_beams": 3, "guidance_scale": 1.5}, lens.GenerateOptions{}, 20, "num_beams 3, guidance_scale 1.5"},
		{map[string]any{"pad_token_id": 2}, lens.GenerateOptions{}, 20, "pad_token_id"},
		{map[string]any{"pad_token_id": 2, "eos_token_id": 2}, lens.GenerateOptions{MaxNew: 2}, 2, ""},
		{map[string]any{"pad_token_id": 4}, lens.GenerateOptions{}, 20, ""},
		{map[string]any{"do_sample": true}, lens.GenerateOptions{Sampling: &model.Sampling{Temperature: 1, TopP: 1}}, 20, ""},
	} {
		m := open(t, withSettings(t, source, model.GenerationFile, c.settings), model.SDPA)
		g, err := lens.Generate(context.Background(), m, ids, c.o, nil)
		if err != nil {
			t.Errorf("%v: %v", c.settings, err)
			continue
		}
		g.Warnings = slices.DeleteFunc(g.Warnings, func(s string) bool { return strings.HasPrefix(s, "tokens are shown by id") })
		if len(g.Steps) != c.n || (c.says != "") != (len(g.Warnings) == 1) || !strings.Contains(fmt.Sprint(g.Warnings), c.says) {
			t.Errorf("%v, %+v: %d tokens, want %d; warnings %q", c.settings, c.o, len(g.Steps), c.n, g.Warnings)
		}
	}
	for says, settings := range map[string]map[string]any{
		"max_length of generation_config.json": {"max_length": 3}, "names the token 1009": {"forced_eos_token_id": 1009}, "no tokenizer": {"stop_strings": "x"},
		"repetition_penalty is -1: it is a number above 0": {"repetition_penalty": -1},
	} {
		m := open(t, withSettings(t, source, model.GenerationFile, settings), model.SDPA)
		if g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{}, nil); g != nil || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", settings, err)
		}
	}
}
