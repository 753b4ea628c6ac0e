package sweep_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/sweep"
)

func TestReadFile(t *testing.T) {
	f, err := sweep.ReadFile(strings.NewReader(`
# what the file holds
prompt: "Paris is: the capital"
targets: [ Rome, "next" ]
metrics:
  - logprob
  - 'diff:" a"," b"'
at: attn
blocks: 0..11
positions: -2..
changes:
  - scale 0:2:0.1
  - patch "two words"
always: ["h.0@last scale 0.5"]
ids: [464, 835]
`), "p.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(f.Prompt, f.Targets, f.Metrics, f.At, f.Blocks, f.Positions, f.Changes, f.Always, f.IDs)
	want := `{Paris is: the capital p.yaml, line 3} [{Rome p.yaml, line 4} {next p.yaml, line 4}] [{logprob p.yaml, line 6} {diff:" a"," b" p.yaml, line 7}] ` +
		`[{attn p.yaml, line 8}] {0..11 p.yaml, line 9} {-2.. p.yaml, line 10} [{scale 0:2:0.1 p.yaml, line 12} {patch "two words" p.yaml, line 13}] ` +
		`[{h.0@last scale 0.5 p.yaml, line 14}] [{464 p.yaml, line 15} {835 p.yaml, line 15}]`
	if strings.ReplaceAll(got, "}{", "} {") != strings.ReplaceAll(want, "}{", "} {") {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// TestReadFileWords: every word can be a target, those too that mean something in YAML.
func TestReadFileWords(t *testing.T) {
	f, err := sweep.ReadFile(strings.NewReader("targets: [\"null\", '~', true, Yes, no, 12, 0x10, 1e3, 2024-01-01, .nan, \"\"]\n"), "p.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range f.Targets {
		got = append(got, e.Text)
	}
	if want := []string{"null", "~", "true", "Yes", "no", "12", "0x10", "1e3", "2024-01-01", ".nan", ""}; !slices.Equal(got, want) {
		t.Errorf("the targets are %q, want %q", got, want)
	}
}

func TestReadFileErrors(t *testing.T) {
	for text, says := range map[string]string{
		"":                              "p.yaml, line 1: the plan is empty",
		"# nothing\n":                   "p.yaml, line 1: the plan is empty",
		"prompt: a\nfoo: b\n":           `p.yaml, line 2: there is no key "foo"; there are prompt, ids`,
		"prompt: a\nprompt: b\n":        "p.yaml, line 2: the key prompt is there twice",
		"- a\n- b\n":                    "p.yaml, line 1: a plan is made of keys",
		"a text":                        "p.yaml, line 1: a plan is made of keys",
		"prompt: a\nchanges: {zero: 1}": "p.yaml, line 2: a text or a number is needed",
		"prompt: a\nchanges:\n  - zero\n  - [scale, 2]": "p.yaml, line 4: a text or a number is needed",
		"prompt: a\ntargets: null":                      "p.yaml, line 2: null is YAML's word for no value: write \"null\", in quotes, for the word",
		"prompt: a\ntargets: [a, ~]":                    "p.yaml, line 2: ~ is YAML's word for no value",
		"prompt: [a, b]":                                "p.yaml, line 1: prompt has one value, and here are 2",
		"prompt: a\nchanges: []":                        "p.yaml, line 2: changes is empty",
		"prompt: a\nchanges:":                           "p.yaml, line 2: a value is missing",
		"prompt: &x a\nat: *x\n":                        "p.yaml, line 1: anchors and aliases",
		"prompt: a\nat: \"b\nc: d":                      "no valid YAML",
		"prompt: a\n\tat: b":                            "no valid YAML",
		"prompt: a\n---\nat: b":                         "more than one document",
		"prompt: \xff\xfe":                              "no valid YAML",
		"prompt: " + strings.Repeat("a", 1<<20):         "a plan is a small file",
	} {
		_, err := sweep.ReadFile(strings.NewReader(text), "p.yaml")
		var e *sweep.EntryError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: got %v, want %s", text, err, says)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add([]byte("prompt: a\nchanges: [zero]\n"))
	f.Add([]byte("ids: [1, 2]\nat: {a: b}\n"))
	f.Add([]byte("a: &a [*a, *a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := sweep.ReadFile(strings.NewReader(string(data)), "p.yaml")
		if err == nil && plan == nil || err != nil && strings.Contains(err.Error(), "panic") {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
