package main

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDocs runs what the docs show: every shell block of the tutorial, and of other
// pages each that is followed by its output.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "golens")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir() // the blocks of a page go on from one another
		for _, b := range shellBlocks(string(text)) {
			if b.output == "" && filepath.Base(page) != "tutorial.md" {
				continue // such as what fetches a model
			}
			cmd := exec.Command("bash", "-euc", b.command)
			cmd.Dir, cmd.Stderr = dir, new(bytes.Buffer)
			cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+bin+":"+os.Getenv("PATH"))
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", page, b.command, err, cmd.Stderr)
			} else if want, got, same := sameOutput(b.output, string(out)); !same {
				t.Errorf("%s shows of %s\n%q, and it prints\n%q", page, b.command, want, got)
			}
			ran++
		}
	}
	if ran < 10 {
		t.Errorf("%d shell blocks of the docs were run", ran)
	}
}

// A shellBlock is a command in the docs with the output that is shown right below it.
type shellBlock struct{ command, output string }

func shellBlocks(page string) (blocks []shellBlock) {
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```\n(?:\n?```\n(.*?)^```\n)?").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, shellBlock{m[1], m[2]})
	}
	return blocks
}

// sameOutput reports whether an output is what the docs show, and else the first lines
// that differ. Blanks aside, the words must be equal, and numbers but for one in the last
// digit that is shown: processors round differently.
func sameOutput(shown, printed string) (want, got string, same bool) {
	s, p := strings.Split(strings.TrimSpace(shown), "\n"), strings.Split(strings.TrimSpace(printed), "\n")
	for i := range max(len(s), len(p)) {
		if i >= len(s) || i >= len(p) {
			return strings.Join(s[min(i, len(s)):], "\n"), strings.Join(p[min(i, len(p)):], "\n"), false
		}
		a, b := strings.Fields(s[i]), strings.Fields(p[i])
		if len(a) != len(b) {
			return s[i], p[i], false
		}
		for j := range a {
			if !sameField(a[j], b[j]) {
				return s[i], p[i], false
			}
		}
	}
	return "", "", true
}

func sameField(shown, printed string) bool {
	if shown == printed {
		return true
	}
	mark := func(s string) (number, mark string) {
		number = strings.TrimSuffix(s, "*")
		return number, s[len(number):]
	}
	a, markA := mark(shown)
	b, markB := mark(printed)
	x, err := strconv.ParseFloat(a, 64)
	if err != nil || markA != markB {
		return false
	}
	y, err := strconv.ParseFloat(b, 64)
	_, decimals, _ := strings.Cut(a, ".")
	return err == nil && math.Abs(x-y) <= 1.001*math.Pow10(-len(decimals))
}

// TestSameOutput: what is no rounding is a difference.
func TestSameOutput(t *testing.T) {
	for _, c := range []struct {
		shown, printed string
		same           bool
	}{
		{"L3   ·head  8*\n", "L3 ·head 9*", true},
		{"L3 ·head 8", "L3 ·head 10", false},
		{"L3 ·head 8*", "L3 ·head 8", false},
		{"L3 ·head 8", "L3 ·hand 8", false},
		{"0.0775 -0.63", "0.0774 -0.62", true},
		{"0.0775", "0.0773", false},
		{"0.0775", "NaN", false},
		{"a\nb", "a", false},
		{"a", "a\nb", false},
		{"a b", "a", false},
	} {
		if _, _, same := sameOutput(c.shown, c.printed); same != c.same {
			t.Errorf("%q and %q: %v", c.shown, c.printed, same)
		}
	}
}

// TestSentences: no sentence of the docs, outside code and tables, has more than 30 words.
func TestSentences(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	block, code, end := regexp.MustCompile("(?ms)^```.*?^```"), regexp.MustCompile("`[^`\n]*`"), regexp.MustCompile(`[.:;!?]\**\s`)
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(code.ReplaceAllString(block.ReplaceAllString(string(text), ""), "x")) {
			if strings.HasPrefix(line, "|") || strings.HasPrefix(line, "    ") {
				continue
			}
			for _, s := range end.Split(line, -1) {
				if n := len(strings.Fields(s)); n > 30 {
					t.Errorf("%s: %d words: %s", page, n, s)
				}
			}
		}
	}
}

// TestLinks: each link of the docs to a file of the repository, and to a heading in a page, leads somewhere.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	link, sign := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`), regexp.MustCompile("[^a-z0-9 _-]")
	for _, page := range append(pages, "../../README.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			to := page
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if m[2] != "" {
				anchors := map[string]bool{}
				for line := range strings.Lines(read(t, to)) {
					if heading := strings.TrimLeft(line, "#"); heading != line {
						anchors[strings.ReplaceAll(sign.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), ""), " ", "-")] = true
					}
				}
				if !anchors[m[2]] {
					t.Errorf("%s: %s has no heading #%s", page, to, m[2])
				}
			}
		}
	}
}
