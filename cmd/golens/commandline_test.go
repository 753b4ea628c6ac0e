package main

import (
	"strings"
	"testing"
)

// TestOrder: flags stand before and behind the command, the arguments and each
// other, with one dash or two, with = or a space.
func TestOrder(t *testing.T) {
	model := tiny(t)
	want := good(t, "lens", "the cat", "--model", model, "--top", "2", "--positions", "-1", "--lens", "raw", "--json", "-")
	for _, args := range [][]string{
		{"lens", "--model", model, "--top", "2", "--positions", "-1", "--lens", "raw", "--json", "-", "the cat"},
		{"lens", "--model=" + model, "--top=2", "--positions=-1", "--lens=raw", "--json=-", "the cat"},
		{"--model", model, "--lens", "raw", "lens", "the cat", "--top", "2", "--positions", "-1", "--json", "-"},
		{"--lens=raw", "lens", "--top", "2", "the cat", "-model", model, "-positions", "-1", "-json=-"},
		{"lens", "--model", model, "--top", "2", "--positions", "-1", "--lens", "raw", "--json", "-", "--", "the cat"},
		{"lens", "--top", "9", "the cat", "--model", model, "--top", "2", "--positions", "-1", "--lens", "raw", "--json", "-"}, // the last one counts
	} {
		if got := good(t, args...); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", args, got, want)
		}
	}
}

// TestTextLikeFlags: what stands behind -- is text, and so is a negative number.
func TestTextLikeFlags(t *testing.T) {
	model := tiny(t)
	for _, c := range []struct {
		args   []string
		prompt string
	}{
		{[]string{"lens", "--model", model, "--json", "-", "--", "--top"}, "--top"},
		{[]string{"lens", "--model", model, "--json", "-", "--", "- a"}, "- a"},
		{[]string{"lens", "--model", model, "--json", "-", "--", "--"}, "--"},
		{[]string{"lens", "-1 is less", "--model", model, "--json", "-"}, "-1 is less"},
		{[]string{"lens", "help", "--model", model, "--json", "-"}, "help"},
		{[]string{"lens", "h", "--model", model, "--json", "-"}, "h"},
		{[]string{"lens", "lens", "--model", model, "--json", "-"}, "lens"},
		{[]string{"lens", "top", "--top", "1", "--model", model, "--json", "-"}, "top"},
		{[]string{"lens", "tokens", "--model", model, "--json", "-"}, "tokens"},
		{[]string{"lens", " x ", "--model", model, "--json", "-"}, " x "},
	} {
		if d := readJSON(t, good(t, c.args...)); d.Prompt != c.prompt {
			t.Errorf("%q: the prompt is %q", c.args, d.Prompt)
		}
	}
	if out := good(t, "tokens", "--jsonl", "--", "--decode"); out != `{"ids":[438,12501,1098],"tokens":[{"id":438,"text":"--"},{"id":12501,"text":"dec"},{"id":1098,"text":"ode"}]}`+"\n" {
		t.Errorf("tokens -- --decode: %s", out)
	}
}

// TestVariable: the environment names the model where no flag does.
func TestVariable(t *testing.T) {
	model := tiny(t)
	t.Setenv(modelVariable, model)
	if d := readJSON(t, good(t, "lens", "the", "--json", "-")); d.Manifest["model"] != model {
		t.Errorf("the model is %v", d.Manifest["model"])
	}
	if out := good(t, "tokens", "the", "--jsonl"); !strings.HasPrefix(out, `{"ids":[257]`) {
		t.Errorf("the tokenizer is another one: %s", out)
	}
	other := tiny(t)
	if d := lensJSON(t, other, "the"); d.Manifest["model"] != other {
		t.Errorf("in spite of --model the model is %v", d.Manifest["model"])
	}
}

// TestHelp: every way to ask for help gives it, on standard output, within 80
// columns; each flag is in it.
func TestHelp(t *testing.T) {
	for _, c := range []struct {
		ask  []string
		head string
	}{
		{nil, "golens - "}, {[]string{"--help"}, "golens - "}, {[]string{"-h"}, "golens - "}, {[]string{"help"}, "golens - "},
		{[]string{"--model", "nosuch", "--help"}, "golens - "},
		{[]string{"lens", "--help"}, "golens lens - "}, {[]string{"lens", "-h"}, "golens lens - "}, {[]string{"help", "lens"}, "golens lens - "},
		{[]string{"--help", "lens"}, "golens lens - "}, {[]string{"lens", "the", "--top", "2", "--help"}, "golens lens - "},
		{[]string{"tokens", "--help"}, "golens tokens - "}, {[]string{"help", "tokens"}, "golens tokens - "},
		{[]string{"model", "--help"}, "golens model - "}, {[]string{"help", "model"}, "golens model - "}, {[]string{"model", "help"}, "golens model - "},
		{[]string{"model", "info", "--help"}, "golens model info - "}, {[]string{"help", "model", "info"}, "golens model info - "}, {[]string{"model", "help", "info"}, "golens model info - "},
		{[]string{"version", "--help"}, "golens version - "}, {[]string{"help", "version"}, "golens version - "},
	} {
		out := good(t, c.ask...)
		if !strings.HasPrefix(out, c.head) || !strings.Contains(out, "\nUsage: golens") {
			t.Errorf("%q: %.60q", c.ask, out)
		}
		for _, line := range strings.Split(out, "\n") {
			if len([]rune(line)) > helpWidth+2 || strings.Contains(line, "`") || strings.HasSuffix(line, " ") {
				t.Errorf("%q: the line %q", c.ask, line)
			}
		}
	}
	a := app(nil, nil, nil)
	for _, name := range []string{"lens", "tokens"} {
		out := good(t, "help", name)
		for _, f := range named(a.Commands, name).Flags {
			if !strings.Contains(out, "--"+f.Names()[0]+" ") {
				t.Errorf("help %s says nothing of --%s", name, f.Names()[0])
			}
		}
	}
}

// TestExamples: the examples of the help texts run, with the small model in the
// place of those that they name.
func TestExamples(t *testing.T) {
	dir, model, chat := t.TempDir(), tiny(t), chatModel(t)
	t.Chdir(dir)
	put(t, dir, "prompts.jsonl", []byte(`{"prompt": "the cat"}`))
	put(t, dir, "book.txt", []byte("the cat the cat the cat the cat"))
	ran := 0
	for _, c := range []string{"lens", "tokens", "model info"} {
		_, examples, _ := strings.Cut(good(t, append([]string{"help"}, strings.Fields(c)...)...), "\nExamples:\n")
		for _, line := range strings.Split(strings.TrimSpace(examples), "\n") {
			line, _, _ = strings.Cut(line, " | ")
			if strings.Contains(line, " < ") {
				continue
			}
			args := words(t, strings.TrimSpace(line))
			if args[0] != "golens" {
				t.Fatalf("example %q", line)
			}
			args = args[1:]
			for i, a := range args {
				switch a {
				case "gpt2", "DIR":
					args[i] = model
				case "Qwen/Qwen2.5-0.5B-Instruct":
					args[i] = chat
				case "h.3":
					args[i] = "h.1"
				case "h.3=0.8":
					args[i] = "h.1=0.8"
				case "h.5.mlp":
					args[i] = "h.0.mlp"
				case "256":
					args[i] = "8"
				case "12":
					args[i] = "2"
				case "Rome":
					args[i] = "the"
				}
			}
			if args[0] == "lens" {
				args = append(args, "--model", model)
			}
			if args[0] == "lens" || args[0] == "tokens" {
				for i, a := range args {
					if len(a) > tinyContext && strings.Contains(a, " ") {
						args[i] = "the cat"
					}
				}
			}
			good(t, args...)
			ran++
		}
	}
	if ran < 8 {
		t.Errorf("%d examples ran", ran)
	}
}

// words splits a line as a shell does, with double quotes.
func words(t *testing.T, line string) []string {
	t.Helper()
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

func TestVersion(t *testing.T) {
	out := good(t, "version")
	if !strings.HasPrefix(out, "golens ") || !strings.Contains(out, "\nlibtorch 2.") {
		t.Errorf("version says %q", out)
	}
	if again := good(t, "--version"); again != out {
		t.Errorf("--version says %q", again)
	}
}

// FuzzCommandLine: whatever is typed is understood or refused in words, and every
// argument behind -- comes through.
func FuzzCommandLine(f *testing.F) {
	f.Add("lens\x00the cat\x00--top=3")
	f.Add("--model\x00m\x00model\x00info\x00-h")
	f.Add("help\x00lens\x00--\x00-x")
	f.Add("tokens\x00-\x00--=\x00-")
	f.Fuzz(func(t *testing.T, typed string) {
		args := strings.Split(typed, "\x00")
		a := app(nil, nil, nil)
		l, err := readCommandLine(a, args)
		if err != nil {
			if err.Error() == "" {
				t.Errorf("%q is refused without a word", args)
			}
			return
		}
		if _, behind, ok := strings.Cut("\x00"+typed, "\x00--\x00"); ok && !l.help {
			// A value of a flag may be -- itself, after which fewer are left.
			if got := strings.Join(l.rest, "\x00"); !strings.HasSuffix(behind, got) && !strings.HasSuffix(got, behind) {
				t.Errorf("%q: the arguments are %q", args, l.rest)
			}
		}
	})
}
