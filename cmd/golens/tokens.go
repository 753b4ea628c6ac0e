package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
)

func tokensCommand() *cli.Command {
	return &cli.Command{
		Name: "tokens", Usage: "list the tokens of a text, or decode token ids", ArgsUsage: "[TEXT|-]",
		Description: "Lists the tokens of TEXT: position, id, piece and bytes. For -, or without\n" +
			"TEXT, it reads standard input. TEXT is literal. The list contains the tokens\n" +
			"that the tokenizer puts around a prompt (Llama: <s>), so that positions are\n" +
			"those of the other commands. With --chat or --messages, it contains what the\n" +
			"model's chat template puts around TEXT. Byte-level tokenizers, such as GPT-2's,\n" +
			"have tokens for any bytes, and these decode to the same bytes.",
		UsageText: `  golens tokens "Are cats good?"
  golens tokens --jsonl "Are cats good?"
  golens tokens --decode "8491 11875 922 30"
  golens tokens --chat "Are cats good?" --model Qwen/Qwen2.5-0.5B-Instruct
  golens tokens - < book.txt | less`,
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "special", Usage: "read <|endoftext|> as the special token"},
			&cli.BoolFlag{Name: "no-bos", Usage: "leave out the tokens that the tokenizer puts around a prompt"},
			&cli.BoolFlag{Name: "decode", Usage: "read TEXT as token ids, such as 464,835 345 or [464, 835], and write their bytes"},
			&cli.BoolFlag{Name: "jsonl", Usage: "write one line of JSON: {\"ids\": [..], \"tokens\": [..]}"},
			modelFlag("`MODEL`: use the tokenizer of this folder or name; without it $" + modelVariable + ", or GPT-2's"),
		}, chatFlags(), screenFlags()),
		OnUsageError: onUsageError,
		Action:       runTokens,
	}
}

func runTokens(c *cli.Context) error {
	t, err := terminalOf(c)
	if err != nil {
		return err
	}
	for _, flag := range []string{"special", "no-bos"} {
		if c.Bool(flag) && c.Bool("decode") {
			return usage(c, "--%s has no meaning with --decode", flag)
		}
	}
	p, err := readTokensPrompt(c)
	if err != nil {
		return err
	}
	tok, err := model.OpenTokenizer(c.String("model"), fetcher(c))
	if err != nil {
		return fromVariable(c, err)
	}
	if tok.Guess != "" {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning:", tok.Guess)
	}
	ids, err := p.ids(c, tok)
	if err != nil {
		return err
	}
	var tokens []lens.Token
	for _, id := range ids {
		b, err := tok.Piece(id)
		if err != nil {
			return wrong(c, fmt.Errorf("--decode: %w", err))
		}
		tokens = append(tokens, lens.Token{ID: id, Bytes: b})
	}
	switch {
	case c.Bool("jsonl"):
		return writeTokens(c.App.Writer, tokens)
	case c.Bool("decode"):
		var bytes []byte
		for _, t := range tokens {
			bytes = append(bytes, t.Bytes...)
		}
		_, err := c.App.Writer.Write(bytes)
		return err
	}
	return t.Table(c.App.Writer, report.TokensTable(tokens))
}

// readTokensPrompt returns the text of the command, or its conversation.
func readTokensPrompt(c *cli.Context) (prompt, error) {
	if err := checkChat(c); err != nil {
		return prompt{}, err
	}
	if chats(c) && c.Bool("decode") {
		return prompt{}, usage(c, "--decode reads token ids, and a chat template takes a text")
	}
	if c.IsSet("messages") {
		if c.Args().Present() {
			return prompt{}, usage(c, "the text was given twice: it is either an argument or the file of --messages")
		}
		all, err := readMessages(c)
		if err != nil {
			return prompt{}, err
		}
		return all[0], nil
	}
	text, err := readText(c)
	return prompt{Text: text}, err
}

// ids returns the token ids that the command lists. A chat template puts special tokens into
// the text, and nothing comes around it.
func (p *prompt) ids(c *cli.Context, tok *model.FolderTokenizer) (ids []int64, err error) {
	switch {
	case chats(c):
		text, err := p.rendered(c, tok.Dir)
		return tok.EncodeSpecial(text), err
	case c.Bool("decode"):
		if ids, err = parseIDs(p.Text); err != nil {
			return nil, wrong(c, fmt.Errorf("--decode: %w", err))
		}
		return ids, nil
	case c.Bool("special"):
		ids = tok.EncodeSpecial(p.Text)
	default:
		ids = tok.Encode(p.Text)
	}
	if !c.Bool("no-bos") && len(ids) > 0 { // no prompt is empty
		ids = tok.Frame(ids)
	}
	return ids, nil
}

// readText returns the command's only argument, or standard input.
func readText(c *cli.Context) (string, error) {
	switch {
	case c.Args().Len() > 1:
		return "", usage(c, "%d arguments were given; put the text in quotes", c.Args().Len())
	case c.Args().Present() && c.Args().First() != "-":
		return c.Args().First(), nil
	case !c.Args().Present():
		// Nobody who forgot the text should wait before a silent program.
		if f, ok := c.App.Reader.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return "", usage(c, "no text was given: golens tokens \"Are cats good?\", or - to type it in")
		}
	}
	return readInput(c)
}

// writeTokens writes one line of JSON. Bytes are in base64, where the text is not lossless.
func writeTokens(w io.Writer, tokens []lens.Token) error {
	type jsonToken struct {
		ID    int64   `json:"id"`
		Text  string  `json:"text"`
		Bytes *string `json:"bytes,omitempty"`
	}
	out := struct {
		IDs    []int64     `json:"ids"`
		Tokens []jsonToken `json:"tokens,omitempty"`
	}{IDs: []int64{}}
	for _, t := range tokens {
		j := jsonToken{ID: t.ID, Text: string(t.Bytes)}
		if !utf8.Valid(t.Bytes) {
			b := base64.StdEncoding.EncodeToString(t.Bytes)
			j.Bytes = &b
		}
		out.IDs, out.Tokens = append(out.IDs, t.ID), append(out.Tokens, j)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
