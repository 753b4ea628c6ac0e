package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/chat"
)

// The flags that put prompts into the model's chat template.
func chatFlags() []cli.Flag {
	const category = "Prompt"
	return []cli.Flag{
		&cli.BoolFlag{Name: "chat", Category: category, Usage: "put each prompt, as what a user says, into the chat template of the model's folder"},
		&cli.StringFlag{Name: "system", Category: category, Usage: "`TEXT`: with --chat, what the system says first"},
		&cli.StringFlag{Name: "messages", Category: category, Usage: "`FILE`: put a conversation in the place of PROMPT into the chat template: [{\"role\": \"user\", \"content\": TEXT}, ...] in JSON"},
		&cli.BoolFlag{Name: "no-generation-prompt", Category: category, Usage: "with --chat or --messages, leave out what begins the model's answer"},
	}
}

// chats reports whether prompts go into a chat template.
func chats(c *cli.Context) bool { return c.Bool("chat") || c.IsSet("messages") }

// checkChat looks whether the flags go together.
func checkChat(c *cli.Context) error {
	if !chats(c) {
		for _, name := range []string{"system", "no-generation-prompt"} {
			if c.IsSet(name) {
				return usage(c, "--%s says something of a chat template: add --chat", name)
			}
		}
		return nil
	}
	for _, name := range []string{"ids", "literal", "file"} {
		if c.IsSet(name) {
			return usage(c, "--%s does not go with a chat template, which makes a text with special tokens of a prompt", name)
		}
	}
	if c.IsSet("messages") && c.IsSet("system") {
		return usage(c, "--system: the file of --messages says what the system says: {\"role\": \"system\", \"content\": TEXT} in front")
	}
	return nil
}

// readMessages returns the conversation of --messages as a prompt.
func readMessages(c *cli.Context) ([]prompt, error) {
	path := c.String("messages")
	if path == "" {
		return nil, usage(c, "--messages: the file name is empty")
	}
	var text string
	var err error
	if path == "-" {
		text, err = readInput(c)
	} else {
		var b []byte
		b, err = os.ReadFile(path)
		text = string(b)
	}
	if err != nil {
		return nil, fmt.Errorf("--messages: %w", err)
	}
	messages, err := chat.ParseMessages([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("--messages %s: %w", path, err)
	}
	return []prompt{{messages: messages}}, nil
}

// render puts the prompt into the chat template, where that is asked for.
func (p *prompt) render(c *cli.Context, m *model.Model) error {
	if !chats(c) || p.IDs != nil {
		return nil
	}
	text, err := p.rendered(c, m.Dir)
	if err == nil {
		p.Text = text
	}
	return err
}

// rendered returns the text that the chat template of a model's folder makes of the prompt.
func (p *prompt) rendered(c *cli.Context, dir string) (string, error) {
	r, err := rendererOf(c, dir)
	if err != nil {
		return "", err
	}
	messages := p.messages
	if messages == nil {
		messages = chat.Say(c.String("system"), p.Text)
	}
	return r.Render(c.Context, messages, chat.Options{Whole: c.Bool("no-generation-prompt")})
}

// rendererOf returns the process that runs the chat template of a folder for the command.
func rendererOf(c *cli.Context, dir string) (*chat.Process, error) {
	key := "chat template of " + dir
	if p, ok := c.App.Metadata[key].(*chat.Process); ok {
		return p, nil
	}
	if dir == "" {
		return nil, usage(c, "--chat: the small model in this program is no chat model and has no template; --model names another")
	}
	t, err := chat.Open(dir)
	if errors.Is(err, chat.ErrNone) {
		return nil, usage(c, "--chat: %s has no chat template, neither chat_template.jinja nor one in tokenizer_config.json", dir)
	}
	if err != nil {
		return nil, err
	}
	p, err := t.Start()
	if err != nil {
		return nil, err
	}
	c.App.Metadata[key] = p
	return p, nil
}

// adviseChat says, once, that a model has a chat template which a plain text does without.
func adviseChat(c *cli.Context, m *model.Model, text string) {
	const told = "the chat template was named"
	if c.App.Metadata[told] != nil || m.Dir == "" || c.Bool("quiet") || !chat.Has(m.Dir) {
		return
	}
	if tok, err := m.Tokenizer(); err != nil || len(tok.EncodeSpecial(text)) != len(tok.Encode(text)) {
		return // somebody has put it into a template already
	}
	c.App.Metadata[told] = true
	fmt.Fprintf(c.App.ErrWriter, "golens: note: %s has a chat template, and the prompt is read without it; --chat puts it in\n", m.Name)
}
