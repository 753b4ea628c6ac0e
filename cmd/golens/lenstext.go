package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

// textFlags say which text of any length is read, and how.
func textFlags() []cli.Flag {
	const category = "Text"
	return []cli.Flag{
		&cli.StringFlag{Name: "file", Category: category, Usage: "`TEXT`: read a text of any length from this file (- for standard input), and show each layer's means over all tokens; the targets are the text's own next tokens"},
		&cli.IntFlag{Name: "chunk", Category: category, Usage: "`N`: tokens in a window of the text; each window is a run of its own that begins at position 0 (without it 256, or the model's context if that is shorter)"},
	}
}

// textSenseless are flags that choose cells of a prompt, of which a text has only means.
var textSenseless = []string{"prompts", "ids", "chat", "system", "messages", "no-generation-prompt", "diff", "positions", "top", "track", "target", "target-id", "target-joint", "hidden", "logits", "by", "view", "last-on-top", "html", "json-format"}

// runText reads a text and writes its means.
func runText(c *cli.Context) error {
	if !c.IsSet("file") {
		return usage(c, "--chunk is for a text: add --file TEXT")
	}
	switch {
	case c.Args().Len() > 0:
		return usage(c, "a prompt and --file were given: --file replaces the prompt")
	case c.String("file") == "":
		return usage(c, "--file: the file name is empty")
	case c.IsSet("chunk") && c.Int("chunk") < 1:
		return usage(c, "--chunk %d: at least 1 token a window", c.Int("chunk"))
	}
	o, err := lensOptions(c)
	if err != nil {
		return err
	}
	o.Top, o.Hidden = 0, false // which belong to cells
	o.Packed = o.Fast
	var text *textInput
	defer func() { text.Close() }()
	j, err := newJob(c, needs{without: textSenseless, why: "--%s has no meaning with --file: a text has means of each layer, over all of its tokens",
		input: func(*job) (err error) { text, err = openText(c); return err }})
	if err != nil {
		return err
	}
	defer j.close()
	m, notes := j.m, j.out.notes
	o.Hooks = j.hooks
	if o.Rows, err = chosen(c.String("layers"), m.Sizes.Blocks+1, "row"); err != nil {
		return wrong(c, fmt.Errorf("--layers: %w", err))
	}
	tok, err := m.Tokenizer()
	if err != nil {
		return err
	}
	warnOfGuess(c, m)
	prefix, err := textPrefix(c, m, tok)
	if err != nil {
		return err
	}
	stream := tok.NewStream(text, !c.Bool("literal"))
	if reason := stream.Whole(); reason != "" {
		notes.warn("", "the whole text is held in memory, because its tokenizer does not show where to cut it: "+reason)
	}
	to := lens.TextOptions{Lens: o, Chunk: c.Int("chunk"), Prefix: prefix,
		Progress: func(p lens.TextProgress) { notes.say(textProgress(p, stream.Bytes(), text.size)) }}
	journal, err := keepText(c, m, j.out.files, notes, &to)
	if err != nil {
		return err
	}
	defer journal.Close()
	debug.FreeOSMemory() // what building tokenizer and model left behind would stay beside the text's matrices
	t, stop := lens.ReadText(c.Context, m, stream, to)
	notes.clear()
	if t == nil {
		return textError(c, text, stop)
	}
	t.Name = text.name
	for _, w := range t.Warnings {
		notes.warn("", w)
	}
	if err := writeText(j, t); err != nil {
		return err
	}
	if err := endCheckpoint(journal, stop == nil); err != nil {
		return err
	}
	return stoppedText(c, text, t, stop, len(j.out.files) > 0)
}

// keepText has the state of a reading kept, and takes over the one that was kept before.
func keepText(c *cli.Context, m *model.Model, files []*file, n *notes, o *lens.TextOptions) (*checkpoint.Journal, error) {
	if checkpointPath(files) == "" {
		return nil, nil
	}
	key, err := readingKey(c, m, digestOf(o.Prefix, o.Chunk))
	if err != nil {
		return nil, err
	}
	j, err := openCheckpoint(c, files, key, n, func(record []byte) error {
		o.Before = record
		return nil
	})
	o.Keep = j.Replace
	return j, err
}

// textPrefix returns what is in front of each window: what the tokenizer puts in front of
// a text, unless --no-bos leaves it out, and with --prepend-bos the token that begins one.
func textPrefix(c *cli.Context, m *model.Model, tok *token.Tokenizer) (prefix []int64, err error) {
	o, err := promptOptions(c, nil)
	if err != nil {
		return nil, err
	}
	if !o.Bare {
		prefix = tok.Front()
	}
	if o.BOS {
		if prefix, err = m.WithBOS(prefix); err != nil {
			return nil, wrong(c, fmt.Errorf("--prepend-bos: %w", err))
		}
	}
	return prefix, nil
}

// writeText writes the means to the files, and draws them in the terminal.
func writeText(j *job, t *lens.Text) (err error) {
	if t.Manifest.Weights, err = j.out.weights(j.m); err != nil {
		return err
	}
	err = j.out.write(&made{
		bundle:  func() (*data.Bundle, error) { return data.Text(t), nil },
		drawing: func() (figure.Drawing, error) { return report.TextFigure(t), nil }})
	if err != nil || !j.out.screen {
		return err
	}
	return j.out.term.Table(j.out.stdout, report.TextTable(t))
}

// textProgress says how far the reading of a text is: "12,800 tokens, 123 a second, 40 s
// left". size is that of the file, 0 where it is not known.
func textProgress(p lens.TextProgress, read, size int64) string {
	text := fmt.Sprintf("%s tokens, %.0f a second", thousands(p.Tokens), p.Rate)
	if size > 0 && read > 0 && p.Rate > 0 {
		tokens := float64(p.Tokens) * float64(max(0, size-read)) / float64(read)
		text += fmt.Sprintf(", %s left", time.Duration(tokens/p.Rate*float64(time.Second)).Round(time.Second))
	}
	return text
}

// textError is an error of a text of which nothing was read.
func textError(c *cli.Context, text *textInput, err error) error {
	choice := new(lens.ChoiceError)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &choice) && c.IsSet("chunk"):
		return wrong(c, fmt.Errorf("--chunk %d: %w", c.Int("chunk"), err))
	case errors.As(err, &choice):
		return wrong(c, err)
	}
	return fmt.Errorf("--file %s: %w", text.name, err)
}

// stoppedText says how far a text was read that was not read to its end; nil where it was.
func stoppedText(c *cli.Context, text *textInput, t *lens.Text, err error, kept bool) error {
	if err == nil {
		return nil
	}
	what := "the means of these are shown"
	if kept {
		what = "the means of these are written"
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted after %s tokens; %s", thousands(t.Tokens), what)
	}
	return fmt.Errorf("%w (stopped after %s tokens; %s)", textError(c, text, err), thousands(t.Tokens), what)
}

// A textInput is the text of --file.
type textInput struct {
	io.Reader
	name string
	size int64    // bytes, 0 where it is not known
	file *os.File // nil for standard input
}

// openText opens the text of --file. Ctrl-C ends the wait for what it does not give.
func openText(c *cli.Context) (*textInput, error) {
	path := c.String("file")
	if path == "-" {
		return &textInput{Reader: &waiting{c.Context, c.App.Reader, nil}, name: "standard input"}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		if at := new(fs.PathError); errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("--file %s: %w", path, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder; name a file of text")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("--file %s: %w", path, err)
	}
	t := &textInput{Reader: f, name: path, file: f}
	if info.Mode().IsRegular() {
		t.size = info.Size()
	} else {
		t.Reader = &waiting{c.Context, f, nil}
	}
	return t, nil
}

func (t *textInput) Close() {
	if t != nil && t.file != nil {
		t.file.Close()
	}
}
