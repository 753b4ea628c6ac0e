package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
)

func modelCommand() *cli.Command {
	return &cli.Command{
		Name: "model", Usage: "look at a model", OnUsageError: onUsageError,
		Subcommands: []*cli.Command{{
			Name: "info", Usage: "configuration, module tree, parameters, memory and digests", ArgsUsage: "[FOLDER|NAME]",
			Flags: append(sharedFlags(),
				&cli.BoolFlag{Name: "tree", Usage: "list every module, not one block for all"},
				&cli.BoolFlag{Name: "json", Usage: "write JSON"}),
			OnUsageError: onUsageError, Action: runModelInfo,
		}},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage(c, "there is no command model %s: there is model info", c.Args().First())
			}
			return usage(c, "say what about the model: golens model info")
		},
	}
}

// modelInfo is what `model info` says, in JSON's names.
type modelInfo struct {
	Name       string          `json:"name"`
	Folder     string          `json:"folder,omitempty"`
	About      string          `json:"about,omitempty"`
	Family     string          `json:"family"`
	Blocks     int             `json:"blocks"`
	Width      int             `json:"width"`
	Heads      int             `json:"heads"`
	Context    int             `json:"context"`
	Vocab      int             `json:"vocab"`
	Tied       bool            `json:"tied_head"`
	DType      string          `json:"dtype"`
	Stored     map[string]int  `json:"stored_dtypes"`
	Unique     int64           `json:"parameters"`
	Modules    int64           `json:"parameters_by_module"`
	Bytes      int64           `json:"bytes"`
	ConfigSum  string          `json:"config_sha256"`
	WeightsSum string          `json:"weights_sha256"`
	TokenSum   string          `json:"tokenizer_sha256"`
	Points     []string        `json:"points"`
	Config     json.RawMessage `json:"config"`
}

func runModelInfo(c *cli.Context) error {
	switch {
	case c.Args().Len() > 1:
		return usage(c, "one model at a time, and %d were named", c.Args().Len())
	case c.Args().Len() == 1 && c.IsSet("model"):
		return usage(c, "the model was named twice: as an argument and with --model")
	case c.Args().Len() == 1:
		if err := c.Set("model", c.Args().First()); err != nil {
			return err
		}
	}
	m, err := openModel(c)
	if err != nil {
		return err
	}
	defer m.Close()
	info := modelInfo{Name: m.Name, Folder: m.Dir, About: m.About(), Family: m.Config.Type, Blocks: m.Sizes.Blocks, Width: m.Sizes.Width,
		Heads: m.Sizes.Heads, Context: m.Sizes.Context, Vocab: m.Sizes.Vocab, Tied: m.Tied(), DType: m.DType.String(),
		Stored: m.StoredTypes(), Bytes: m.Bytes(), ConfigSum: fmt.Sprintf("%x", m.Config.Digest), Points: m.Points.Names(),
		Config: json.RawMessage(m.Config.Raw)}
	info.Unique, info.Modules = m.Parameters()
	if info.WeightsSum, err = m.Digest(); err != nil {
		return err
	}
	tok, err := m.Tokenizer()
	if err != nil {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning: no tokenizer:", err)
	} else {
		info.TokenSum = tok.Digest()
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(info)
	}
	return writeInfo(c.App.Writer, m, info, c.Bool("tree"))
}

func writeInfo(w io.Writer, m *model.Model, i modelInfo, whole bool) error {
	var s strings.Builder
	line := func(name, format string, a ...any) {
		fmt.Fprintf(&s, "%-12s %s\n", name, fmt.Sprintf(format, a...))
	}
	line("model", "%s", i.Name)
	if i.Folder != "" && i.Folder != i.Name {
		line("folder", "%s", i.Folder)
	}
	if i.About != "" {
		for n, l := range strings.Split(i.About, "\n") {
			line(map[bool]string{true: "about"}[n == 0], "%s", l)
		}
	}
	tied := "a head of its own"
	if i.Tied {
		tied = "head tied to the embedding"
	}
	line("family", "%s, %d blocks, %d heads, %s", i.Family, i.Blocks, i.Heads, tied)
	line("sizes", "width C %d, vocabulary V %d, context %d tokens", i.Width, i.Vocab, i.Context)
	line("computes", "in %s on %s, %s attention", i.DType, m.Device, m.Attention)
	var stored []string
	for _, d := range slices.Sorted(maps.Keys(i.Stored)) {
		stored = append(stored, fmt.Sprintf("%s (%d tensors)", d, i.Stored[d]))
	}
	line("stored", "in %s", strings.Join(stored, ", "))
	line("parameters", "%s, each once; %s, module by module", thousands(i.Unique), thousands(i.Modules))
	line("memory", "%.1f MB of weights", float64(i.Bytes)/1e6)
	line("sha256", "weights    %s", i.WeightsSum)
	line("", "config     %s", i.ConfigSum)
	line("", "tokenizer  %s", i.TokenSum)
	s.WriteString("\nhook points\n")
	for _, p := range i.Points {
		if !whole && hidden(m, p) {
			continue
		}
		fmt.Fprintf(&s, "  %s%s\n", strings.Repeat("  ", strings.Count(p, ".")), p)
	}
	if last := m.Layout.Blocks[len(m.Layout.Blocks)-1].Out; !whole && i.Blocks > 1 {
		fmt.Fprintf(&s, "  ... and the same up to %s (--tree lists them)\n", last)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

// hidden says whether a point belongs to a block other than the first.
func hidden(m *model.Model, point string) bool {
	for _, b := range m.Layout.Blocks[1:] {
		if point == b.Out || strings.HasPrefix(point, b.Out+".") {
			return true
		}
	}
	return false
}

// thousands writes a count with commas: 124,439,808.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
