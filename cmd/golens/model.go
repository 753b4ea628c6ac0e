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
		Name: "model", Usage: "inspect, fetch, list, export and import models", OnUsageError: onUsageError,
		Subcommands: []*cli.Command{{
			Name: "info", Usage: "show sizes, hook points, parameters and digests", ArgsUsage: "[MODEL]",
			Description: "Shows the sizes of MODEL, a folder or a name as for --model, its parameters,\n" +
				"its digests, and the hook points for interventions. Parameters are counted\n" +
				"twice: each once, as model.parameters() does in PyTorch, and module by module,\n" +
				"where a tied unembedding counts again.",
			UsageText: `  golens model info
  golens model info gpt2 --tree
  golens model info DIR --json | jq .config`,
			Flags: append([]cli.Flag{
				&cli.BoolFlag{Name: "tree", Usage: "list every module, and not one block for all"},
				&cli.BoolFlag{Name: "json", Usage: "write JSON"}}, append(sharedFlags(), nameFlags()...)...),
			OnUsageError: onUsageError, Action: runModelInfo,
		}, fetchCommand(), listCommand(), removeCommand(), exportCommand(), importCommand()},
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
	Switches   []string        `json:"switches,omitempty"` // how the family's choices are set
	Unusual    []string        `json:"unusual,omitempty"`  // what a reader of a lens should know
	Attention  string          `json:"attention"`
	Heads      int             `json:"heads"`   // 0 where an archive does not tell
	Context    int             `json:"context"` // 0 where an archive does not tell
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
	Generation map[string]any  `json:"generation"`            // settings of generation that differ from transformers' defaults
	NotApplied []string        `json:"not_applied,omitempty"` // settings of generation that golens does not apply
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
	info := modelInfo{Name: m.Name, Folder: m.Dir, About: aboutText(m), Family: m.Family(), Blocks: m.Sizes.Blocks, Width: m.Sizes.Width,
		Heads: m.Sizes.Heads, Context: m.Sizes.Context, Vocab: m.Sizes.Vocab, Tied: m.Tied(), DType: m.DType.String(),
		Attention: string(m.Attention), Stored: m.StoredTypes(), Bytes: m.Bytes(), ConfigSum: m.ConfigDigest(), Points: m.Points.Names()}
	if m.Config != nil {
		info.Config = json.RawMessage(m.Config.Raw)
		info.Switches, info.Unusual = m.Config.Arch.Switches(), m.Config.Arch.Unusual()
	}
	info.Unique, info.Modules = m.Parameters()
	// Read anew, not remembered: this is also where one looks whether a file is whole.
	if info.WeightsSum, err = m.Digest(); err != nil {
		return err
	}
	tok, err := m.Tokenizer()
	if err != nil {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning: no tokenizer:", err)
	} else {
		info.TokenSum = tok.Digest()
	}
	generation, err := m.GenerationConfig()
	if err != nil {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning: no settings of generation:", err)
		generation = model.NewGenerationConfig()
	}
	info.Generation, info.NotApplied = generation.Changed(), generation.NotApplied
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(info)
	}
	return writeInfo(c.App.Writer, m, info, generation, c.Bool("tree"))
}

func writeInfo(w io.Writer, m *model.Model, i modelInfo, g *model.GenerationConfig, whole bool) error {
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
	line("family", "%s, %d blocks, %s heads, %s", orUnknown(i.Family), i.Blocks, known(i.Heads), tied)
	for n, l := range i.Switches {
		line(map[bool]string{true: "built with"}[n == 0], "%s", l)
	}
	for n, l := range i.Unusual {
		line(map[bool]string{true: "unusual"}[n == 0], "%s", l)
	}
	line("sizes", "width C %d, vocabulary V %d, context %s tokens", i.Width, i.Vocab, known(i.Context))
	line("computes", "in %s on %s, %s attention", i.DType, m.Device, orUnknown(string(m.Attention)))
	var stored []string
	for _, d := range slices.Sorted(maps.Keys(i.Stored)) {
		stored = append(stored, fmt.Sprintf("%s (%d tensors)", d, i.Stored[d]))
	}
	line("stored", "in %s", strings.Join(stored, ", "))
	line("parameters", "%s, each once; %s, module by module", thousands(i.Unique), thousands(i.Modules))
	line("memory", "%.1f MB of weights", float64(i.Bytes)/1e6)
	line("sha256", "weights    %s", i.WeightsSum)
	if i.ConfigSum != "" {
		line("", "config     %s", i.ConfigSum)
	}
	if i.TokenSum != "" {
		line("", "tokenizer  %s", i.TokenSum)
	}
	for n, l := range g.Describe() {
		line(map[bool]string{true: "generation"}[n == 0], "%s", l)
	}
	for n, l := range g.NotApplied {
		line(map[bool]string{true: "not applied"}[n == 0], "%s", l)
	}
	s.WriteString("\nhook points\n")
	writePoints(&s, m, whole)
	_, err := io.WriteString(w, s.String())
	return err
}

// writePoints writes the names of the points as a tree; of the blocks, which are
// alike, the first stands for all unless the whole is asked for.
func writePoints(s *strings.Builder, m *model.Model, whole bool) {
	blocks := m.Layout.Blocks
	told := false
	for _, p := range m.Points.Names() {
		if !whole && slices.ContainsFunc(blocks[1:], func(b model.BlockPoints) bool { return isWithin(p, b.Out) }) {
			if !told {
				fmt.Fprintf(s, "  ... and the same up to %s (--tree lists them)\n", blocks[len(blocks)-1].Out)
				told = true
			}
			continue
		}
		depth := 0
		for _, b := range blocks {
			if isWithin(p, b.Out) {
				depth = strings.Count(strings.TrimPrefix(p, b.Out), ".")
			}
		}
		fmt.Fprintf(s, "  %s%s\n", strings.Repeat("  ", depth), p)
	}
}

// isWithin reports whether a point is a block's output or lies in the block.
func isWithin(point, block string) bool {
	return point == block || strings.HasPrefix(point, block+".")
}

// known writes a size that 0 stands for not knowing.
func known(n int) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprint(n)
}

// thousands writes a count with commas: 124,439,808.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// aboutText returns what is to be known of the embedded model, "" for any other.
func aboutText(m *model.Model) string {
	text := m.About()
	if text != "" {
		text += " To use that one: --model gpt2, which is fetched once, or --model FOLDER."
	}
	return text
}
