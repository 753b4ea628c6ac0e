package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
)

// The flags that say which text is read.
func promptFlags() []cli.Flag {
	const category = "Prompt"
	return []cli.Flag{
		&cli.StringFlag{Name: "prompts", Category: category, Usage: "`FILE`: read many prompts, a line of JSON for each: {\"prompt\": TEXT} or {\"ids\": [464, 835]}, with \"name\" if wanted"},
		&cli.StringFlag{Name: "ids", Category: category, Usage: "`IDS`: token ids in the place of PROMPT, such as 464,835,345"},
		&cli.BoolFlag{Name: "prepend-bos", Category: category, Usage: "put the beginning-of-text token in front where the tokenizer does not (GPT-2: <|endoftext|>)"},
		&cli.BoolFlag{Name: "literal", Category: category, Usage: "take <|endoftext|> in a prompt for the characters it is written with"},
	}
}

// A prompt is a text or its token ids.
type prompt struct {
	Name string  `json:"name"`
	Text string  `json:"prompt"`
	IDs  []int64 `json:"ids"`

	from string // where it stands, for errors: "p.jsonl, line 3"; "" for the command line
}

// about names the prompt in messages where there are several.
func (p prompt) about() string {
	if p.from != "" && p.Name != "" {
		return p.from + " (" + strconv.Quote(p.Name) + ")"
	}
	return p.from
}

// wrong is an error about the prompt: a mistake in the call where it was given
// there, and a broken file where it stands in one.
func (p prompt) wrong(c *cli.Context, err error) error {
	if p.from == "" {
		return wrong(c, err)
	}
	return fmt.Errorf("%s: %w", p.about(), err)
}

// encode returns the prompt's token ids, which the model can read.
func (p prompt) encode(c *cli.Context, m *model.Model) ([]int64, error) {
	ids := p.IDs
	var tok *token.Tokenizer
	if ids == nil || c.Bool("prepend-bos") { // ids need no tokenizer
		var err error
		if tok, err = m.Tokenizer(); err != nil {
			return nil, err
		}
		warnOfGuess(c, m)
	}
	if ids == nil {
		if at := badByte(p.Text); at >= 0 {
			return nil, p.wrong(c, fmt.Errorf("the prompt is not valid UTF-8 (byte %d is %#x): convert it, or give token ids with --ids", at, p.Text[at]))
		}
		if ids = tok.EncodeSpecial(p.Text); c.Bool("literal") {
			ids = tok.Encode(p.Text)
		}
		if len(ids) > 0 {
			ids = tok.Frame(ids) // as Python's tokenizer(text)
		}
	}
	if len(ids) == 0 {
		return nil, p.wrong(c, model.ErrEmpty)
	}
	if c.Bool("prepend-bos") {
		bos, ok := tok.BOS()
		if !ok {
			return nil, usage(c, "--prepend-bos: this tokenizer has no such token")
		}
		if ids[0] != bos { // the tokenizer may have put it there itself
			ids = append([]int64{bos}, ids...)
		}
	}
	if err := m.Check(ids); err != nil {
		return nil, p.wrong(c, err)
	}
	return ids, nil
}

// warnOfGuess warns, once, of a tokenizer that is not the model's own.
func warnOfGuess(c *cli.Context, m *model.Model) {
	const told = "the tokenizer was guessed"
	guess := m.GuessedTokenizer()
	if guess == "" || c.App.Metadata[told] == m.Dir {
		return
	}
	fmt.Fprintln(c.App.ErrWriter, "golens: warning:", guess)
	c.App.Metadata[told] = m.Dir
}

// badByte returns where s stops being UTF-8, -1 for nowhere.
func badByte(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
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
		return nil, usage(c, "no prompt was given: golens %s \"The way you do anything is\"", c.Command.Name)
	case given > 1:
		return nil, usage(c, "the prompt was given twice: it is either an argument, --ids or --prompts")
	case c.IsSet("ids"):
		ids, err := parseIDs(c.String("ids"))
		if err != nil {
			return nil, wrong(c, fmt.Errorf("--ids: %w", err))
		}
		return []prompt{{IDs: ids}}, nil
	case c.IsSet("prompts"):
		return readPromptFile(c, c.String("prompts"))
	case c.Args().First() == "-":
		text, err := readInput(c)
		return []prompt{{Text: text}}, err
	}
	return []prompt{{Text: c.Args().First()}}, nil
}

// parseIDs reads token ids with commas, spaces or line breaks between them; a
// list as Python or JSON writes it is understood too.
func parseIDs(text string) ([]int64, error) {
	ids := []int64{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n[]", r) }) {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no token id", part)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
