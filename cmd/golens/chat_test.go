package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

const turns = `{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}[{{ m.role | upper }}] {{ m.content | trim }}{{ eos_token }}
{% endfor %}{% if add_generation_prompt %}[ASSISTANT] {% endif %}
`

// chatModel returns the folder of a model whose tokenizer puts <s> in front, with a chat
// template that does so as well.
func chatModel(t *testing.T) string {
	dir := reference.Llama(t)
	put(t, dir, "chat_template.jinja", []byte(turns))
	return dir
}

// TestChat compares the tokens of chats with those of transformers' apply_chat_template.
func TestChat(t *testing.T) {
	dir, scratch := chatModel(t), t.TempDir()
	type object = map[string]any
	say := func(role, text string) object { return object{"role": role, "content": text} }
	talk := []object{say("system", "the cat"), say("user", "Rome </s> ."), say("assistant", "New York")}
	text, err := json.Marshal(talk)
	if err != nil {
		t.Fatal(err)
	}
	file := put(t, scratch, "talk.json", text)
	lines := put(t, scratch, "p.jsonl", []byte("{\"prompt\": \"the\"}\n{\"prompt\": \"the cat\", \"name\": \"x\"}\n"))
	cases := []struct {
		flags    []string
		messages [][]object
		whole    bool
	}{
		{[]string{" the cat", "--chat"}, [][]object{{say("user", " the cat")}}, false},
		{[]string{"--chat", "--system", "New Rome", "the cat"}, [][]object{{say("system", "New Rome"), say("user", "the cat")}}, false},
		{[]string{"the cat", "--chat", "--no-generation-prompt"}, [][]object{{say("user", "the cat")}}, true},
		{[]string{"--messages", file}, [][]object{talk}, false},
		{[]string{"--messages", file, "--no-generation-prompt"}, [][]object{talk}, true},
		{[]string{"--prompts", lines, "--chat"}, [][]object{{say("user", "the")}, {say("user", "the cat")}}, false},
	}
	var asked []object
	for _, c := range cases {
		for _, m := range c.messages {
			asked = append(asked, object{"messages": m, "whole": c.whole})
		}
	}
	in, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]int64
	if err := json.Unmarshal(reference.Script(t, nil, strings.NewReader(string(in)), "testdata/chat.py", dir), &want); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range cases {
		if len(c.messages) == 1 { // tokens lists those of one prompt
			var listed struct{ IDs []int64 }
			out := golens(t, append([]string{"tokens", "--jsonl", "--model", dir}, c.flags...)...)
			if err := json.Unmarshal([]byte(out.out), &listed); err != nil || out.stderr != "" || !slices.Equal(listed.IDs, want[n]) {
				t.Errorf("tokens %q: %v %+v, want %v", c.flags, err, out, want[n])
			}
		}
		out := golens(t, append([]string{"lens", "--model", dir, "--json", "-"}, c.flags...)...)
		if out.code != 0 || out.stderr != "" {
			t.Fatalf("%q: %d %s", c.flags, out.code, out.stderr)
		}
		results := []string{out.out}
		if len(c.messages) > 1 {
			results = strings.Split(strings.TrimSpace(out.out), "\n")
		}
		for _, line := range results {
			if got := readJSON(t, line).arrays["ids"].Int64; !slices.Equal(got, want[n]) {
				t.Errorf("%q: %v, want %v", c.flags, got, want[n])
			}
			n++
		}
	}
	if n != len(want) {
		t.Errorf("%d results, want %d", n, len(want))
	}
	// Other prompts go the same way: a patch from the same words changes nothing.
	same := good(t, "lens", "the cat", "--chat", "--model", dir, "--json", "-")
	if got := good(t, "lens", "the cat", "--chat", "--model", dir, "--json", "-", "--patch", "h.1=the cat"); !slices.Equal(readJSON(t, got).arrays["logsumexp"].Float32, readJSON(t, same).arrays["logsumexp"].Float32) {
		t.Error("a patch from the same prompt is another one")
	}
	for _, command := range [][]string{{"generate", "the cat", "--max-new", "2"}, {"hidden", "the cat"}, {"sweep", "the cat", "--target", "the", "--skip"}} {
		if out := golens(t, append(command, "--chat", "--model", dir)...); out.code != 0 || strings.Contains(out.stderr, "template") {
			t.Errorf("%q: %d %s", command, out.code, out.stderr)
		}
	}
}

// TestChatAdvice: whoever reads a chat model without its template is told of it, once.
func TestChatAdvice(t *testing.T) {
	dir := chatModel(t)
	const note = "has a chat template, and the prompt is read without it; --chat puts it in"
	lines := put(t, t.TempDir(), "p.jsonl", []byte("{\"prompt\": \"the\"}\n{\"prompt\": \"the cat\"}\n"))
	for _, c := range []struct {
		args []string
		n    int
	}{
		{[]string{"lens", "the"}, 1}, {[]string{"lens", "--prompts", lines}, 1}, {[]string{"generate", "the", "--max-new", "1"}, 1}, {[]string{"lens", "the", "--quiet", "--json", "-"}, 0},
		{[]string{"lens", "the", "--chat"}, 0}, {[]string{"lens", "--ids", "5,6"}, 0}, {[]string{"lens", "<s>[USER] the</s>", "--no-bos"}, 0},
	} {
		if out := golens(t, append(c.args, "--model", dir)...); out.code != 0 || strings.Count(out.stderr, note) != c.n {
			t.Errorf("%q: %d %s", c.args, out.code, out.stderr)
		}
	}
}

// TestBadChat: what a chat template cannot be asked for is refused in one sentence.
func TestBadChat(t *testing.T) {
	dir, scratch := chatModel(t), t.TempDir()
	endless := reference.Llama(t)
	put(t, endless, "chat_template.jinja", []byte("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"))
	bad := put(t, scratch, "bad.json", []byte(`[{"content": "x"}]`))
	tool := put(t, scratch, "tool.json", []byte(`[{"role": "tool", "content": "x"}]`))
	text := put(t, scratch, "text.txt", []byte("the cat"))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"lens", "the", "--chat"}, 2, "the small model in this program is no chat model"},
		{[]string{"lens", "the", "--chat", "--model", reference.Llama(t)}, 2, "has no chat template, neither chat_template.jinja nor one in tokenizer_config.json"},
		{[]string{"lens", "the", "--chat", "--model", endless}, 1, "calls itself without end"},
		{[]string{"lens", "the", "--system", "x", "--model", dir}, 2, "add --chat"},
		{[]string{"lens", "--ids", "5", "--chat", "--model", dir}, 2, "--ids does not go with a chat template"},
		{[]string{"lens", "the", "--literal", "--chat", "--model", dir}, 2, "--literal does not go with a chat template"},
		{[]string{"lens", "--file", text, "--chat", "--model", dir}, 2, "--chat has no meaning with --file"},
		{[]string{"lens", "--messages", bad, "--model", dir}, 1, "message 1 has no role"},
		{[]string{"lens", "--messages", tool, "--model", dir}, 1, "no tools here"},
		{[]string{"lens", "--messages", filepath.Join(scratch, "none"), "--model", dir}, 1, "no such file"},
		{[]string{"lens", "the", "--messages", tool, "--model", dir}, 2, "given twice"},
		{[]string{"tokens", "the", "--messages", tool, "--model", dir}, 2, "given twice"},
		{[]string{"tokens", "--messages", tool, "--model", dir}, 1, "no tools here"},
		{[]string{"tokens", "5", "--decode", "--chat", "--model", dir}, 2, "--decode reads token ids"},
		{[]string{"tokens", "the", "--chat"}, 2, "the small model in this program is no chat model"},
		{[]string{"tokens", "the", "--no-generation-prompt", "--model", dir}, 2, "add --chat"},
		{[]string{"lens", "--messages", tool, "--system", "x", "--model", dir}, 2, "--system"},
	} {
		if out := golens(t, c.args...); out.code != c.code || !strings.Contains(out.stderr, c.says) || strings.Count(out.stderr, "\n") > 2 {
			t.Errorf("%q: %d %s, want %d %s", c.args, out.code, out.stderr, c.code, c.says)
		}
	}
	if _, err := os.Stat(filepath.Join(scratch, "out")); err == nil {
		t.Error("something was written")
	}
}
