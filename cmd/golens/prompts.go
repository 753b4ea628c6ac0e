package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/chat"
)

// The flags that say which text is read.
func promptFlags() []cli.Flag {
	const category = "Prompt"
	return append([]cli.Flag{
		&cli.StringFlag{Name: "prompts", Category: category, Usage: "`FILE`: read many prompts, one JSON object a line: {\"prompt\": TEXT} or {\"ids\": [464, 835]}. \"name\" is optional; \"bos\": true or false stands for --prepend-bos or --no-bos"},
		&cli.StringFlag{Name: "ids", Category: category, Usage: "`IDS`: read these token ids instead of PROMPT, such as 464,835,345"},
		&cli.BoolFlag{Name: "prepend-bos", Category: category, Usage: "put the beginning-of-text token before the prompt where the tokenizer does not (GPT-2: <|endoftext|>)"},
		&cli.BoolFlag{Name: "no-bos", Category: category, Usage: "leave out the tokens that the tokenizer puts around a prompt (Llama: <s>), as add_special_tokens=False in transformers. Use it for text of a chat template, which has these tokens already"},
		&cli.BoolFlag{Name: "literal", Category: category, Usage: "read <|endoftext|> in a prompt as plain characters, not as the special token"},
	}, chatFlags()...)
}

// A prompt is a text or its token ids.
type prompt struct {
	Name string  `json:"name"`
	Text string  `json:"prompt"`
	IDs  []int64 `json:"ids"`
	BOS  *bool   `json:"bos"` // as --prepend-bos, or as --no-bos; nil for what the flags say

	messages []chat.Message // of a conversation, in the place of Text
	from     string         // where it stands, for errors: "p.jsonl, line 3"; "" for the command line
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

// encode returns the prompt's token ids, which the model can read. A chat template that
// is asked for changes Text.
func (p *prompt) encode(c *cli.Context, m *model.Model) ([]int64, error) {
	o, err := promptOptions(c, p.BOS)
	if err != nil {
		return nil, err
	}
	if p.IDs == nil || o.BOS { // ids need no tokenizer
		if _, err := m.Tokenizer(); err != nil {
			return nil, err
		}
		warnOfGuess(c, m)
	}
	if err := p.render(c, m); err != nil {
		return nil, about(*p, err)
	}
	if p.IDs == nil && !chats(c) {
		adviseChat(c, m, p.Text)
	}
	ids := p.IDs
	switch {
	case ids == nil:
		ids, err = m.Prompt(p.Text, o)
	case len(ids) == 0:
		err = model.ErrEmpty
	case o.BOS:
		ids, err = m.WithBOS(ids)
	}
	if err == nil {
		err = m.Check(ids)
	}
	if err != nil {
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

// promptOptions reads the flags that say how a text becomes ids. bos is what the text's
// own line of a file says, nil for nothing.
func promptOptions(c *cli.Context, bos *bool) (model.PromptOptions, error) {
	o := model.PromptOptions{Literal: c.Bool("literal"), BOS: c.Bool("prepend-bos"), Bare: c.Bool("no-bos")}
	if o.BOS && o.Bare {
		return o, usage(c, "--prepend-bos and --no-bos contradict each other: leave one out")
	}
	o.Bare = o.Bare || chats(c) // the template puts it there
	if bos != nil {
		o.BOS, o.Bare = *bos, !*bos
	}
	return o, nil
}

// readPrompts returns the prompts of the command line: one argument, standard
// input for "-", --ids, or the lines of --prompts.
func readPrompts(c *cli.Context) ([]prompt, error) {
	if err := checkChat(c); err != nil {
		return nil, err
	}
	given := c.Args().Len()
	for _, name := range []string{"prompts", "ids", "messages"} {
		if c.IsSet(name) {
			given++
		}
	}
	switch {
	case c.Args().Len() > 1:
		return nil, usage(c, "%d arguments were given; put the prompt in quotes", c.Args().Len())
	case given == 0:
		return nil, usage(c, "no prompt was given: golens %s \"The way you do anything is\"", c.Command.Name)
	case given > 1:
		return nil, usage(c, "the prompt was given twice: it is either an argument, --ids, --messages or --prompts")
	case c.IsSet("ids"):
		ids, err := parseIDs(c.String("ids"))
		if err != nil {
			return nil, wrong(c, fmt.Errorf("--ids: %w", err))
		}
		return []prompt{{IDs: ids}}, nil
	case c.IsSet("messages"):
		return readMessages(c)
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
