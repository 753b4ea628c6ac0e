package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// on puts a tiny model behind a call.
func on(args ...string) func(*testing.T, string) []string {
	return func(t *testing.T, _ string) []string { return append(args, "--model", tiny(t)) }
}

// badCalls are mistakes in the command line alone.
func badCalls() []bad {
	return []bad{
		{name: "unknown command", args: call("nosuch"), code: 2, says: []string{`no command "nosuch"`, "there are lens, generate, "}},
		{name: "mistyped command", args: call("lense", "x"), code: 2, says: []string{`no command "lense"`, "did you mean lens?"}},
		{name: "empty command", args: call(""), code: 2, says: []string{`no command ""`}},
		{name: "half a command", args: call("model"), code: 2, says: []string{"golens model info"}},
		{name: "unknown half", args: call("model", "inf"), code: 2, says: []string{`no command "model inf"`, "model info"}},
		{name: "help for nothing", args: call("help", "nosuch"), code: 2, says: []string{`no command "nosuch"`}},
		{name: "flags and no command", args: call("--threads", "1"), code: 2, says: []string{"no command was given"}},
		{name: "command after --", args: call("--", "lens", "x"), code: 2, says: []string{"no command was given"}},
		{name: "unknown flag", args: call("lens", "x", "--zzz"), code: 2, says: []string{"no flag --zzz"}},
		{name: "mistyped flag", args: call("lens", "x", "--positon", "1"), code: 2, says: []string{"no flag --positon", "--positions"}},
		{name: "unknown flag first", args: call("--zzz", "lens", "x"), code: 2, says: []string{"no flag --zzz"}},
		{name: "a command's flag before it", args: call("--top", "3", "lens", "x"), code: 2, says: []string{"--top goes after the command", "golens lens --top"}},
		{name: "a shared flag for a command without", args: call("--threads", "2", "version"), code: 2, says: []string{"version has no flag --threads"}},
		{name: "text that looks like a flag", args: call("lens", "- an item"), code: 2, says: []string{`"- an item"`, "after --"}},
		{name: "flag without value", args: call("lens", "x", "--json"), code: 2, says: []string{"--json needs a value"}},
		{name: "value for a switch", args: call("lens", "x", "--logits=perhaps"), code: 2, says: []string{"--logits perhaps", "no value"}},
		{name: "arguments for version", args: call("version", "x"), code: 2, says: []string{"no arguments"}},
		{name: "two texts for tokens", args: call("tokens", "a", "b"), code: 2, says: []string{"2 arguments", "quotes"}},
		{name: "decode and special", args: call("tokens", "1", "--decode", "--special"), code: 2, says: []string{"--special", "--decode"}},
		{name: "two models", args: call("model", "info", "a", "b"), code: 2, says: []string{"one model at a time"}},
		{name: "model twice", args: call("model", "info", "a", "--model", "b"), code: 2, says: []string{"named twice"}},

		{name: "top 0", args: on("lens", "x", "--top", "0"), code: 2, says: []string{"--top 0", "at least 1"}},
		{name: "top negative", args: on("lens", "x", "--top", "-3"), code: 2, says: []string{"--top -3"}},
		{name: "top no number", args: on("lens", "x", "--top", "five"), code: 2, says: []string{"--top five", "whole number"}},
		{name: "top beyond 64 bits", args: on("lens", "x", "--top", "99999999999999999999"), code: 2, says: []string{"--top 99999999999999999999"}},
		{name: "top above the vocabulary", args: on("lens", "x", "--top", "263"), code: 2, says: []string{"--top 263", "262 tokens"}},
		{name: "layer too high", args: on("lens", "x", "--layers", "3"), code: 2, says: []string{"no row 3", "0 to 2"}},
		{name: "layer too low", args: on("lens", "x", "--layers", "-4"), code: 2, says: []string{"no row -4", "0 to 2", "-1 back to -3"}},
		{name: "layer without part", args: on("lens", "x", "--layers", "0", "--at", "mlp"), code: 2, says: []string{"no row 0 at mlp", "1 to 2"}},
		{name: "layers no list", args: on("lens", "x", "--layers", "first"), code: 2, says: []string{"--layers", `"first"`, "0,3"}},
		{name: "layers backwards", args: on("lens", "x", "--layers", "2..1"), code: 2, says: []string{"--layers", `"2..1"`, "lower end first"}},
		{name: "layers endless", args: on("lens", "x", "--layers", "0..999999999"), code: 2, says: []string{"--layers", "no row 999999999"}},
		{name: "layers empty", args: on("lens", "x", "--layers", ""), code: 2, says: []string{"--layers"}},
		{name: "layers behind the end", args: on("lens", "x", "--layers", "7.."), code: 2, says: []string{"--layers", "no row 7", "0 to 2"}},
		{name: "position too high", args: on("lens", "xyz", "--positions", "3"), code: 2, says: []string{"no position 3", "0 to 2"}},
		{name: "position too low", args: on("lens", "xyz", "--positions", "-4"), code: 2, says: []string{"no position -4", "-1 back to -3"}},
		{name: "positions no list", args: on("lens", "x", "--positions", "first"), code: 2, says: []string{"--positions", `"first"`, "last"}},
		{name: "unknown lens", args: on("lens", "x", "--lens", "tuned"), code: 2, says: []string{"no lens is called \"tuned\"", "notebook, raw, normed, and logit, the papers' name of normed"}},
		{name: "unknown site", args: on("lens", "x", "--at", "heads"), code: 2, says: []string{"--at heads", "resid, resid_mid, attn and mlp"}},
		{name: "unknown mode", args: on("lens", "x", "--mode", "quick"), code: 2, says: []string{"--mode quick", "exact and fast"}},
		{name: "mode of another command", args: on("study", "entropy", "--mode", "fast"), code: 2, says: []string{"--mode fast", "study is exact"}},
		{name: "unknown kernel", args: on("lens", "x", "--mode", "fast", "--kernel", "blas"), code: 2, says: []string{"--kernel blas", "auto, aten, f32, x3 and tf32x3"}},
		{name: "kernel of the exact mode", args: on("lens", "x", "--kernel", "aten"), code: 2, says: []string{"--kernel aten", "--mode fast"}},
		{name: "kernel of another command", args: on("sweep", "x", "--target", "the", "--zero", "--mode", "fast", "--kernel", "aten"), code: 2, says: []string{"--kernel", "lens and generate"}},
		{name: "unknown attention", args: on("lens", "x", "--attention", "flash"), code: 2, says: []string{"--attention flash", "sdpa or eager"}},
		{name: "unknown measure", args: on("lens", "x", "--by", "size"), code: 2, says: []string{"--by", `"size"`, "prob, entropy, kl"}},
		{name: "unknown colour", args: on("lens", "x", "--color", "red"), code: 2, says: []string{"--color red", "auto, always or never"}},
		{name: "too narrow", args: on("lens", "x", "--width", "7"), code: 2, says: []string{"--width 7", "20"}},
		{name: "measure without target", args: on("lens", "x", "--by", "target-rank"), code: 2, says: []string{"--by target-rank", "--target"}},
		{name: "no threads", args: on("lens", "x", "--threads", "0"), code: 2, says: []string{"--threads 0", "1 to 1024"}},
		{name: "unknown device", args: on("lens", "x", "--device", "tpu"), code: 2, says: []string{"--device tpu", "cpu, cuda, cuda:N or auto"}},
		{name: "device number", args: on("lens", "x", "--device", "cuda:first"), code: 2, says: []string{"--device cuda:first"}},
		{name: "empty target", args: on("lens", "x", "--target", ""), code: 2, says: []string{"--target", "empty"}},
		{name: "target id outside", args: on("lens", "x", "--target-id", "262"), code: 2, says: []string{"--target-id 262", "0 to 261"}},
		{name: "target id negative", args: on("lens", "x", "--target-id", "-1"), code: 2, says: []string{"--target-id -1"}},
		{name: "target id no number", args: on("lens", "x", "--target-id", "cat"), code: 2, says: []string{"--target-id", `"cat"`}},
		{name: "next and a word", args: on("lens", "x", "--target", "next", "--target", "cat"), code: 2, says: []string{"next"}},
		{name: "logits to nowhere", args: on("lens", "x", "--logits"), code: 2, says: []string{"--logits", "--npz"}},
		{name: "states to nowhere", args: on("lens", "x", "--hidden"), code: 2, says: []string{"--hidden", "--json"}},
		{name: "quiet for nothing", args: on("lens", "x", "--quiet"), code: 2, says: []string{"--quiet", "--json"}},

		{name: "unknown point", args: on("lens", "x", "--zero", "h.7.mlp"), code: 2, says: []string{`"h.7.mlp"`, "nearest", "h.0.mlp", "h.1.mlp"}},
		{name: "mistyped point", args: on("lens", "x", "--scale", "h1.attn=0"), code: 2, says: []string{`"h1.attn"`, "h.1.attn"}},
		{name: "empty point", args: on("lens", "x", "--zero", ""), code: 2, says: []string{`""`}},
		{name: "the head as a point", args: on("lens", "x", "--scale", "lm_head=2"), code: 2, says: []string{"--scale", "lm_head", "ln_f"}},
		{name: "scale without factor", args: on("lens", "x", "--scale", "h.1"), code: 2, says: []string{"--scale h.1", "POINT=FACTOR"}},
		{name: "scale no number", args: on("lens", "x", "--scale", "h.1=half"), code: 2, says: []string{"--scale h.1=half", "POINT=FACTOR"}},
		{name: "scale two factors", args: on("lens", "x", "--scale", "h.1=0.5,h.0=0.5"), code: 2, says: []string{"--scale h.1=0.5,h.0=0.5"}},
		{name: "scale NaN", args: on("lens", "x", "--scale", "h.1=NaN"), code: 2, says: []string{"--scale h.1=NaN", "finite"}},
		{name: "scale infinite", args: on("lens", "x", "--scale", "h.1=-Inf"), code: 2, says: []string{"--scale h.1=-Inf", "finite"}},
		{name: "scale too large", args: on("lens", "x", "--scale", "h.1=1e999"), code: 2, says: []string{"--scale h.1=1e999"}},
		{name: "add without file", args: on("lens", "x", "--add", "h.1"), code: 2, says: []string{"--add h.1", "POINT=FILE"}},
	}
}

// badPrompts are prompts that no model reads.
func badPrompts() []bad {
	file := func(content string, more ...string) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			return append([]string{"lens", "--model", tiny(t), "--prompts", put(t, dir, "p.jsonl", []byte(content)), "--json", filepath.Join(dir, "out.jsonl")}, more...)
		}
	}
	const fine = `{"prompt": "the"}` + "\n"
	return []bad{
		{name: "no prompt", args: on("lens"), code: 2, says: []string{"no prompt was given"}},
		{name: "empty prompt", args: on("lens", ""), code: 2, says: []string{"prompt is empty"}},
		{name: "empty standard input", args: on("lens", "-"), code: 2, says: []string{"prompt is empty"}},
		{name: "two prompts", args: on("lens", "the", "cat"), code: 2, says: []string{"2 arguments", "quotes"}},
		{name: "prompt and ids", args: on("lens", "the", "--ids", "1"), code: 2, says: []string{"given twice", "--ids"}},
		{name: "prompt and file", args: on("lens", "the", "--prompts", "f"), code: 2, says: []string{"given twice", "--prompts"}},
		{name: "prompt too long", args: on("lens", strings.Repeat("q", tinyContext+1)), code: 2, says: []string{"25 tokens", "holds 24", "shorten"}},
		{name: "prompt too long by the first token", args: on("lens", strings.Repeat("q", tinyContext), "--prepend-bos"), code: 2, says: []string{"25 tokens"}},
		{name: "prompt no UTF-8", args: on("lens", "a\xc3(b"), code: 2, says: []string{"not valid UTF-8", "byte 1 is 0xc3", "token ids"}},
		{name: "standard input no UTF-8", args: on("lens", "-"), stdin: "ab\xff", code: 2, says: []string{"not valid UTF-8", "byte 2 is 0xff"}},
		{name: "ids no numbers", args: on("lens", "--ids", "1,two"), code: 2, says: []string{"--ids", `"two"`}},
		{name: "ids none", args: on("lens", "--ids", " , "), code: 2, says: []string{"empty"}},
		{name: "id outside", args: on("lens", "--ids", "1,262"), code: 2, says: []string{"262", "position 1"}},
		{name: "id negative", args: on("lens", "--ids", "-1"), code: 2, says: []string{"-1", "position 0"}},
		{name: "decode no number", args: call("tokens", "--decode", "12 x"), code: 2, says: []string{"--decode", `"x"`}},
		{name: "decode outside", args: call("tokens", "--decode", "50257"), code: 2, says: []string{"--decode", "50257", "50256"}},

		{name: "prompts missing", args: on("lens", "--prompts", "/nosuch/p.jsonl"), code: 1, says: []string{"--prompts", "/nosuch/p.jsonl", "no such file"}},
		{name: "prompts unnamed", args: on("lens", "--prompts", ""), code: 2, says: []string{"--prompts", "empty"}},
		{name: "prompts a folder", args: on("lens", "--prompts", "/"), code: 1, says: []string{"--prompts", "directory"}},
		{name: "prompts none", args: file("\n \n"), code: 1, says: []string{"p.jsonl", "no prompt"}},
		{name: "prompts from nothing", args: on("lens", "--prompts", "-"), code: 1, says: []string{"standard input", "no prompt"}},
		{name: "line no JSON", args: file(fine + "\nthe cat\n"), code: 1, says: []string{"p.jsonl, line 3", "no valid JSON", `{"prompt": TEXT}`}},
		{name: "line cut off", args: file(fine + `{"prompt": "th`), code: 1, says: []string{"line 2", "no valid JSON"}},
		{name: "line no object", args: file(fine + `"the cat"`), code: 1, says: []string{"line 2", "no JSON object"}},
		{name: "line with more behind", args: file(fine + `{"prompt": "a"} {"prompt": "b"}`), code: 1, says: []string{"line 2"}},
		{name: "line with another key", args: file(`{"text": "a"}`), code: 1, says: []string{"line 1", `"text"`, "unknown"}},
		{name: "line with a key twice", args: file(`{"prompt": "a", "prompt": "b"}`), code: 1, says: []string{"line 1", "prompt"}},
		{name: "line with a number", args: file(`{"prompt": 7}`), code: 1, says: []string{"line 1", `"prompt"`}},
		{name: "line with half ids", args: file(`{"ids": [1, 2.5]}`), code: 1, says: []string{"line 1", "ids"}},
		{name: "line no UTF-8", args: file("{\"prompt\": \"a\xff\"}"), code: 1, says: []string{"line 1", "UTF-8"}},
		{name: "line with half a surrogate", args: file(`{"prompt": "\ud800"}`), code: 1, says: []string{"line 1"}},
		{name: "line empty", args: file(`{"name": "a"}`), code: 1, says: []string{"line 1", `"prompt"`, `"ids"`}},
		{name: "line with both", args: file(`{"prompt": "a", "ids": [1]}`), code: 1, says: []string{"line 1", `"prompt"`, `"ids"`}},
		{name: "line too long", args: file(fine + fine + `{"name": "long", "prompt": "` + strings.Repeat("q", 30) + `"}`), code: 1, says: []string{"line 3", `"long"`, "30 tokens"}},
		{name: "line with an id outside", args: file(fine + `{"ids": [300]}`), code: 1, says: []string{"line 2", "300"}},
		{name: "position a line lacks", args: file(fine+fine, "--positions", "1"), code: 2, says: []string{"line 1", "no position 1"}},
		{name: "a figure of many", args: file(fine+fine, "--plot", "x.png"), code: 2, says: []string{"--plot", "2"}},
	}
}
