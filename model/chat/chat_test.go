package chat

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/internal/reference"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

// templates are of the kinds that published models have, written for this test.
var templates = map[string]string{
	"marked turns": "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
	"turns must alternate": `{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}
{%- if message['role'] == 'user' %}{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}
`,
	"a system in front": `{%- if messages[0]['role'] == 'system' -%}
    {%- set system = messages[0]['content'] | trim -%}{%- set rest = messages[1:] -%}
{%- else -%}
    {%- set system = "You are helpful." -%}{%- set rest = messages -%}
{%- endif -%}
<|system|>{{ system }}
{% for message in rest %}
    {%- if not loop.first %}{{ '\n' }}{% endif -%}
    <|{{ message.role }}|>{{ message.content | trim }}{{ eos_token if loop.last and not add_generation_prompt else '' }}
{%- endfor %}
{%- if add_generation_prompt %}
<|assistant|>{% endif %}
`,
	"macros and namespaces": `{%- macro turn(role, text, mark="##") %}{{ mark }}{{ role | upper }}: {{ text }}
{% endmacro %}
{%- set ns = namespace(users=0, last=none) %}
{%- for m in messages %}{%- if m.role == 'user' %}{%- set ns.users = ns.users + 1 %}{%- endif %}{%- set ns.last = m %}{{ turn(m.role, m.content) }}{%- endfor %}
{{- ns.users }} {{ ns.last.role ~ '/' ~ (messages | length) }}{% for m in messages[::-1] %}{{ ',' if not loop.first }}{{ m.content.split(' ')[0] | title }}{% endfor %}
`,
	"content in parts": `{% for m in messages %}{{ m.role }}: {% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}{% endif %}
{% endfor %}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{% if tools is defined and tools %}{{ tools | tojson }}{% endif %}`,
	"as JSON": "{% for m in messages %}{{ m.content | tojson }}{{ ' ' if not loop.last }}{% endfor %}",
}

var conversations = [][]Message{
	{{"role": "user", "content": "Hello, are cats good?"}},
	{{"role": "system", "content": " You know cats. "}, {"role": "user", "content": "Are they \"good\"?\nSay <yes> & go"}},
	{{"role": "user", "content": "one two"}, {"role": "assistant", "content": "trois ÄÖ 猫"}, {"role": "user", "content": " four "}},
}

// TestRender compares texts with transformers' apply_chat_template, refusals too.
func TestRender(t *testing.T) {
	type one struct {
		Template string            `json:"template"`
		Tokens   map[string]string `json:"tokens"`
		Messages []Message         `json:"messages"`
		Whole    bool              `json:"whole"`
	}
	var names []string
	var all []one
	tokens := map[string]string{"bos_token": "<s>", "eos_token": "</s>"}
	sources := published(t)
	for name, source := range templates {
		sources[name] = source
	}
	for name, source := range sources {
		for _, c := range conversations {
			for _, whole := range []bool{false, true} {
				names, all = append(names, name), append(all, one{source, tokens, c, whole})
			}
		}
	}
	// White space beside tags of all kinds, at random.
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{" ", "  ", "\n", "\t", "a", "b\\", "\"", "\r\n", "{{ 1 }}", "{{- 2 }}", "{{ 3 -}}", "{{- '}}' -}}", "{{ {'a': {'b': 4}}['a']['b'] }}", "{# c #}", "{#- c #}", "{# c -#}", "{#- c -#}",
		"{% if true %}x{% endif %}", "{%- if true %}x{%- endif %}", "{% if true -%} x {% endif -%}", "{%- if true -%} x {%- endif -%}", "{%+ if true %} x {% endif +%}",
		"{% if true %}\n  {% endif %}", "{% set x = 5 %}", "{% raw %} {{ y }}\n{% endraw %}", "{%- raw -%} {{ y }}\n {%- endraw -%}", "{% set ns %} q\n{% endset %}{{ ns }}", "\u00a0", "é"}
	for range 3000 {
		var s strings.Builder
		for range 1 + random.IntN(9) {
			s.WriteString(pieces[random.IntN(len(pieces))])
		}
		names, all = append(names, s.String()), append(all, one{s.String(), tokens, conversations[0], false})
	}
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var want []struct{ Text, Error string }
	if err := json.Unmarshal(reference.Script(t, nil, strings.NewReader(string(in)), "testdata/render.py"), &want); err != nil {
		t.Fatal(err)
	}
	for i, x := range all {
		template := &Template{Source: x.Template, Tokens: x.Tokens}
		got, err := template.Render(x.Messages, Options{Whole: x.Whole})
		if want[i].Error != "" {
			if err == nil || !strings.Contains(err.Error(), want[i].Error) {
				t.Errorf("%s of %v: %q, %v, want the refusal %q", names[i], x.Messages, got, err, want[i].Error)
			}
		} else if got != want[i].Text || err != nil {
			t.Errorf("%s of %v: %q, %v\nwant %q", names[i], x.Messages, got, err, want[i].Text)
		}
	}
}

// published returns the templates of published models that come with the library's own
// tests, by file name.
func published(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/ardanlabs/jinja").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "templates", "*.jinja"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d templates of published models, %v", len(files), err)
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = string(text)
	}
	return out
}

// TestOpen holds where a template is found.
func TestOpen(t *testing.T) {
	const config, jinja = "tokenizer_config.json", "chat_template.jinja"
	for name, c := range map[string]struct {
		files map[string]string
		want  string // the source, or what the error says
		bos   string
	}{
		"a file":        {map[string]string{jinja: "A", config: `{"chat_template": "B", "bos_token": {"content": "<s>"}}`}, "A", "<s>"},
		"a text":        {map[string]string{config: `{"chat_template": "B", "bos_token": "<b>", "eos_token": null}`}, "B", "<b>"},
		"a list":        {map[string]string{config: `{"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}`}, "D", ""},
		"no default":    {map[string]string{config: `{"chat_template": [{"name": "tool_use", "template": "T"}]}`}, "none is called default: tool_use", ""},
		"nothing":       {nil, "no chat template", ""},
		"no template":   {map[string]string{config: `{}`}, "no chat template", ""},
		"broken":        {map[string]string{config: `{`}, "tokenizer_config.json: unexpected end", ""},
		"another kind":  {map[string]string{config: `{"chat_template": 7}`}, "neither a text nor a list", ""},
		"far too large": {map[string]string{jinja: strings.Repeat("x", maxTemplate+1)}, "golens takes up to", ""},
	} {
		dir := t.TempDir()
		for file, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		got, err := Open(dir)
		switch {
		case err != nil:
			if !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNone) != (c.want == "no chat template") {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		case got.Source != c.want || got.Tokens["bos_token"] != c.bos:
			t.Errorf("%s: %+v, want %s %s", name, got, c.want, c.bos)
		}
		if Has(dir) != (err == nil) {
			t.Errorf("%s: Has says %v", name, Has(dir))
		}
	}
}

// TestProcess: what a template takes is bounded, and what it makes comes back.
func TestProcess(t *testing.T) {
	start := func(source string) *Process {
		p, err := (&Template{Source: source, File: "x.jinja"}).Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
	p := start("{% if messages | length > 2 %}{{ raise_exception('too many') }}{% endif %}{% for m in messages %}{{ m.role }}={{ m.content }};{% endfor %}")
	for _, c := range []struct {
		messages    []Message
		want, fails string
	}{
		{Say("", "Hello"), "user=Hello;", ""}, {conversations[2], "", "too many"}, {Say("Be kind.", "ÄÖ 猫"), "system=Be kind.;user=ÄÖ 猫;", ""},
	} {
		got, err := p.Render(t.Context(), c.messages, Options{})
		if got != c.want || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%v: %q, %v, want %q %s", c.messages, got, err, c.want, c.fails)
		}
	}
	for source, says := range map[string]string{
		"{% for m in messages %}":                         "chat template",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}": "calls itself without end",
		"{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}": "takes more than 1024 MB of memory",
		"{% for i in range(2000000) %}0123456789{% endfor %}":                                                                      "it makes a text of more than 16 MB",
	} {
		if text, err := start(source).Render(t.Context(), Say("", "x"), Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %.50q, %v, want %s", source, text, err, says)
		}
	}
	endless := start("{% for i in range(100000) %}{% for j in range(100000) %}{% if i == j %}{% endif %}{% endfor %}{% endfor %}")
	for range 2 { // the second time it is known
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := endless.Render(ctx, Say("", "x"), Options{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a template without end: %v", err)
		}
		cancel()
	}
}

func TestParseMessages(t *testing.T) {
	got, err := ParseMessages([]byte(`[{"role": "user", "content": "Hi", "name": null}, {"role": "assistant", "content": [{"type": "text", "text": "x"}]}]`))
	if err != nil || len(got) != 2 || got[0]["content"] != "Hi" {
		t.Errorf("%v, %v", got, err)
	}
	for text, says := range map[string]string{
		``: "not a list", `{}`: "not a list", `[]`: "no message", `[{"content": "x"}]`: "message 1 has no role", `[{"role": "user", "content": 7}]`: "the content of message 1",
	} {
		if _, err := ParseMessages([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", text, err, says)
		}
	}
}
