package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/internal/visible"
)

// onTerminal runs the program with a terminal of the given width for standard
// output and error, and returns what the terminal was sent.
func onTerminal(t *testing.T, columns uint16, env []string, args ...string) string {
	t.Helper()
	cmd := program(t, args...)
	cmd.Env = append(cmd.Env, append([]string{"TERM=xterm-256color"}, env...)...)
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: columns})
	if err != nil {
		untested.Missing(t, "no terminal to be had: %v", err)
	}
	defer f.Close()
	var out bytes.Buffer
	io.Copy(&out, f) // ends with an error of the terminal once the program has ended
	if err := cmd.Wait(); err != nil {
		t.Errorf("golens %q: %v: %s", args, err, out.String())
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// widest returns the columns of the longest line, without escape sequences.
func widest(text string) int {
	most := 0
	for _, line := range strings.Split(plain(text), "\n") {
		most = max(most, len([]rune(line)))
	}
	return most
}

func plain(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "\x1b[")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' })
		text = rest[end+1:]
	}
}

func TestTerminal(t *testing.T) {
	model := tiny(t)
	lens := []string{"lens", text + text, "--model", model}
	colour := onTerminal(t, 60, nil, lens...)
	if !strings.Contains(colour, "\x1b[38;5;") || widest(colour) > 60 || widest(colour) < 50 {
		t.Errorf("on a terminal of 60 columns, %d wide: %q", widest(colour), colour)
	}
	if true24 := onTerminal(t, 60, []string{"COLORTERM=truecolor"}, lens...); !strings.Contains(true24, "\x1b[38;2;") || plain(true24) != plain(colour) {
		t.Errorf("with 24 bits of colour: %q", true24)
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if got := onTerminal(t, 60, []string{env}, lens...); strings.Contains(got, "\x1b") || widest(got) > 60 {
			t.Errorf("%s, %d wide: %q", env, widest(got), got)
		}
	}
	if got := onTerminal(t, 60, []string{"NO_COLOR="}, lens...); got != colour {
		t.Error("an empty NO_COLOR counts")
	}
	if got := onTerminal(t, 60, []string{"NO_COLOR=1"}, append(lens, "--color", "always")...); got != colour {
		t.Error("--color always does not overrule NO_COLOR")
	}
	if got := onTerminal(t, 60, []string{"COLUMNS=30"}, append(lens, "--color=never")...); strings.Contains(got, "\x1b") || widest(got) <= 30 {
		t.Errorf("COLUMNS overrules the terminal: %q", got)
	}
	if got := onTerminal(t, 100, nil, append(lens, "--width", "40")...); widest(got) > 40 {
		t.Errorf("--width 40 is %d wide", widest(got))
	}
	if got := onTerminal(t, 60, nil, "tokens", text); !strings.Contains(got, "\x1b[1m") || !strings.Contains(got, "·cat") {
		t.Errorf("tokens: %q", got)
	}
}

// TestProgress: a person who waits for files is told how far the work is; nothing
// of it stays.
func TestProgress(t *testing.T) {
	dir := t.TempDir()
	prompts := put(t, dir, "p.jsonl", []byte(strings.Repeat("{\"prompt\": \"the\"}\n", 3)))
	args := []string{"lens", "--model", tiny(t), "--prompts", prompts, "--json", dir + "/x.jsonl"}
	if got, want := onTerminal(t, 60, nil, args...), "prompt 1 of 3\r\x1b[Kprompt 2 of 3\r\x1b[Kprompt 3 of 3\r\x1b[K"; got != want {
		t.Errorf("the terminal got %q, want %q", got, want)
	}
	if got := onTerminal(t, 60, nil, append(args, "--quiet")...); got != "" {
		t.Errorf("with --quiet the terminal got %q", got)
	}
}

// TestNoTerminal: elsewhere the output is plain, and as wide as it is told.
func TestNoTerminal(t *testing.T) {
	lens := []string{"lens", text + text, "--model", tiny(t)}
	wide := good(t, lens...)
	if strings.Contains(wide, "\x1b") || widest(wide) > pipeWidth || widest(wide) < 100 {
		t.Errorf("%d wide: %q", widest(wide), wide)
	}
	if got := good(t, append(lens, "--width", "50")...); widest(got) > 50 || widest(got) < 40 {
		t.Errorf("--width 50 is %d wide", widest(got))
	}
	if got := good(t, append(lens, "--color", "always")...); !strings.Contains(got, "\x1b[38;5;") {
		t.Errorf("--color always: %q", got)
	}
	t.Setenv("COLUMNS", "70")
	if got := good(t, lens...); widest(got) > 70 || widest(got) < 55 {
		t.Errorf("COLUMNS=70 is %d wide", widest(got))
	}
	for _, bad := range []string{"0", "-5", "many", ""} {
		t.Setenv("COLUMNS", bad)
		if got := good(t, lens...); got != wide {
			t.Errorf("COLUMNS=%s changes the output", bad)
		}
	}
	t.Setenv("COLUMNS", "70")
	t.Setenv("COLORTERM", "24bit")
	if got := good(t, append(lens, "--color", "always", "--width", "50")...); !strings.Contains(got, "\x1b[38;2;") || widest(got) > 50 {
		t.Errorf("24 bits of colour, %d wide: %q", widest(got), got)
	}
}

// TestGrid reads a small grid.
func TestGrid(t *testing.T) {
	model := tiny(t)
	d := lensJSON(t, model, text, "--layers", "2", "--positions", "0,-1", "--top", "1")
	lines := strings.Split(good(t, "lens", text, "--model", model, "--layers", "2", "--positions", "0,-1", "--top", "1", "--width", "100"), "\n")
	piece := func(i int) string {
		return visible.Text([]byte(d.Pieces[fmt.Sprint(d.arrays["top_ids"].At(0, i, 0).Int64[0])].Text))
	}
	for i, want := range []string{"notebook lens of " + model, "0 7", "layer the ↵", "L1 " + piece(0), "next ·c", "numbers: probability in percent"} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasPrefix(got, want) {
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		}
	}
	up := good(t, "lens", text, "--model", model, "--last-on-top")
	if strings.Index(up, "\nL1") > strings.Index(up, "\nemb") {
		t.Errorf("the last layer is not on top:\n%s", up)
	}
	for by, says := range map[string]string{"entropy": "entropy in nats", "kl": "KL", "agree": "agrees", "target-prob": "probability of ·the", "target-rank": "rank of ·the"} {
		if out := good(t, "lens", text, "--model", model, "--by", by, "--target", "the"); !strings.Contains(out, says) {
			t.Errorf("--by %s says nothing of %s:\n%s", by, says, out)
		}
	}
}

// TestNoText: golens tokens does not wait before a silent terminal.
func TestNoText(t *testing.T) {
	cmd := program(t, "tokens")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	terminal, tty, err := pty.Open()
	if err != nil {
		untested.Missing(t, "no terminal to be had: %v", err)
	}
	defer terminal.Close()
	defer tty.Close()
	cmd.Stdin = tty
	got := finish(t, cmd)
	refused(t, outcome{got.code, out.String(), stderr.String()}, 2, "no text was given")

	cmd = program(t, "tokens", "--jsonl")
	cmd.Stdin = strings.NewReader("the")
	if got := finish(t, cmd); got.out != `{"ids":[1169],"tokens":[{"id":1169,"text":"the"}]}`+"\n" {
		t.Errorf("%+v", got)
	}
}
