package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/report"
)

func tokensCommand() *cli.Command {
	return &cli.Command{
		Name: "tokens", Usage: "the tokens of a text, or the text of tokens", ArgsUsage: "[TEXT|-]",
		Description: "TEXT is taken literally; without it, or for -, standard input is read. Any bytes are encoded, and decode back to themselves.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", EnvVars: []string{"HF_MODEL_LENS"}, Usage: "the folder or `NAME` whose tokenizer is used (without: GPT-2's)"},
			&cli.BoolFlag{Name: "special", Usage: "understand <|endoftext|> as the token it names"},
			&cli.BoolFlag{Name: "decode", Usage: "take TEXT for ids (464,835 345) and write their bytes"},
			&cli.BoolFlag{Name: "jsonl", Usage: "write JSON: {\"ids\": [..], \"tokens\": [..]}"},
			&cli.StringFlag{Name: "color", Value: "auto", Usage: "`WHEN` to colour the terminal: auto, always or never"},
		},
		OnUsageError: onUsageError,
		Action:       runTokens,
	}
}

func runTokens(c *cli.Context) error {
	if c.Args().Len() > 1 {
		return usage(c, "%d arguments were given, and the text is one: put it in quotes", c.Args().Len())
	}
	text := c.Args().First()
	if !c.Args().Present() || text == "-" {
		data, err := io.ReadAll(c.App.Reader)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		text = string(data)
	}
	tok, err := model.OpenTokenizer(c.String("model"))
	if err != nil {
		return err
	}
	if c.Bool("decode") {
		return decode(c, tok, text)
	}
	ids := tok.Encode(text)
	if c.Bool("special") {
		ids = tok.EncodeSpecial(text)
	}
	var tokens []lens.Token
	for _, id := range ids {
		b, err := tok.Piece(id)
		if err != nil {
			return err
		}
		tokens = append(tokens, lens.Token{ID: id, Bytes: b})
	}
	if c.Bool("jsonl") {
		return writeTokens(c.App.Writer, tokens)
	}
	t, err := terminal(c)
	if err != nil {
		return err
	}
	return t.Table(c.App.Writer, report.TokensTable(tokens))
}

func decode(c *cli.Context, tok *token.Tokenizer, text string) error {
	ids, err := parseIDs(text)
	if err != nil {
		return wrong(c, err)
	}
	b, err := tok.Decode(ids)
	if err != nil {
		return wrong(c, err)
	}
	_, err = c.App.Writer.Write(b)
	return err
}

func writeTokens(w io.Writer, tokens []lens.Token) error {
	type jsonToken struct {
		ID    int64   `json:"id"`
		Text  string  `json:"text"`
		Bytes *string `json:"bytes,omitempty"` // base64, where the text is not lossless
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
