package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
)

// The flags that say which text is read.
func promptFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "prompts", Usage: "read many prompts from `FILE` of JSON lines: {\"prompt\": TEXT, \"name\": NAME} or {\"ids\": [..]}"},
		&cli.StringFlag{Name: "ids", Usage: "token `IDS` in place of a prompt, such as 464,835,345"},
		&cli.BoolFlag{Name: "prepend-bos", Usage: "put the beginning-of-text token in front (on GPT-2 <|endoftext|>)"},
		&cli.BoolFlag{Name: "literal", Usage: "take <|endoftext|> in the prompt for the characters it is written with"},
	}
}

// A prompt is a text or its token ids.
type prompt struct {
	Name string  `json:"name"`
	Text string  `json:"prompt"`
	IDs  []int64 `json:"ids"`
}

// label names the prompt in messages.
func (p prompt) label(i int) string {
	if p.Name != "" {
		return strconv.Quote(p.Name)
	}
	return strconv.Itoa(i + 1)
}

// encode returns the prompt's token ids.
func (p prompt) encode(c *cli.Context, m *model.Model) ([]int64, error) {
	tok, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	ids := p.IDs
	if ids == nil {
		if !utf8.ValidString(p.Text) {
			return nil, usage(c, "the prompt is not valid UTF-8 (byte %d is %#x): convert it, or give token ids with --ids", badByte(p.Text), p.Text[badByte(p.Text)])
		}
		if p.Text == "" {
			return nil, wrong(c, model.ErrEmpty)
		}
		if ids = tok.EncodeSpecial(p.Text); c.Bool("literal") {
			ids = tok.Encode(p.Text)
		}
	}
	if c.Bool("prepend-bos") {
		bos, ok := tok.EndOfText()
		if !ok {
			return nil, usage(c, "--prepend-bos: this tokenizer has no such token")
		}
		ids = append([]int64{bos}, ids...)
	}
	return ids, nil
}

func badByte(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return 0
}

// readPrompts returns the prompts of the command line: one argument, standard
// input for "-", --ids, or the lines of --prompts.
func readPrompts(c *cli.Context) ([]prompt, error) {
	given := c.Args().Len()
	for _, name := range []string{"prompts", "ids"} {
		if c.IsSet(name) {
			given++
		}
	}
	switch {
	case c.Args().Len() > 1:
		return nil, usage(c, "%d arguments were given, and the prompt is one: put it in quotes", c.Args().Len())
	case given == 0:
		return nil, usage(c, "no prompt was given: golens lens \"The way you do anything is\"")
	case given > 1:
		return nil, usage(c, "the prompt was given twice: as an argument, with --ids or with --prompts")
	case c.IsSet("ids"):
		ids, err := parseIDs(c.String("ids"))
		if err != nil {
			return nil, wrong(c, err)
		}
		return []prompt{{IDs: ids}}, nil
	case c.IsSet("prompts"):
		return readPromptFile(c, c.String("prompts"))
	case c.Args().First() == "-":
		text, err := io.ReadAll(c.App.Reader)
		if err != nil {
			return nil, fmt.Errorf("read the prompt from standard input: %w", err)
		}
		return []prompt{{Text: string(text)}}, nil
	}
	return []prompt{{Text: c.Args().First()}}, nil
}

func parseIDs(text string) ([]int64, error) {
	var ids []int64
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("--ids: %q is no token id", part)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, errors.New("--ids: no token id was given")
	}
	return ids, nil
}

func readPromptFile(c *cli.Context, path string) ([]prompt, error) {
	var in io.Reader = c.App.Reader
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, wrong(c, fmt.Errorf("--prompts: %w", err))
		}
		defer f.Close()
		in = f
	}
	var out []prompt
	s := bufio.NewScanner(in)
	s.Buffer(nil, 64<<20)
	for n := 1; s.Scan(); n++ {
		if strings.TrimSpace(s.Text()) == "" {
			continue
		}
		d := json.NewDecoder(strings.NewReader(s.Text()))
		d.DisallowUnknownFields()
		var p prompt
		if err := d.Decode(&p); err != nil {
			return nil, wrong(c, fmt.Errorf("--prompts %s, line %d: %w: a line is {\"prompt\": TEXT} or {\"ids\": [..]}, with \"name\" if wanted", path, n, err))
		}
		if (p.Text == "") == (p.IDs == nil) {
			return nil, usage(c, "--prompts %s, line %d: a line has either a \"prompt\" that is not empty or \"ids\"", path, n)
		}
		out = append(out, p)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("--prompts %s: %w", path, err)
	}
	if len(out) == 0 {
		return nil, usage(c, "--prompts %s: the file has no prompt", path)
	}
	return out, nil
}
