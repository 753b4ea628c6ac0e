package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/model"
	"github.com/golens/golens/study"
)

// studiesFolder is where studies go without --out, each into a folder of its name.
const studiesFolder = "studies"

func studyCommand() *cli.Command {
	const category = "Output"
	return &cli.Command{
		Name: "study", Usage: "repeat a published notebook: its text, figures and numbers", ArgsUsage: "NAME|all",
		Description: "Repeats a published experiment with the logit lens, number for number, on the\n" +
			"model of --model. What the notebook prints goes to standard output. Its\n" +
			"figures, its numbers (NPZ and JSON) and index.html, which shows all of it, go\n" +
			"to a folder. NAME all repeats the five studies, each into a folder of its name.\n\n" +
			"Some published code does something else than its text says. --compat published\n" +
			"does the same, and --compat fixed does what was meant. --list names the places.",
		UsageText: `  golens study --list
  golens study lens-grid
  golens study hidden-states --model gpt2 --compat fixed --out penguins
  golens study all --formats png,pdf --theme both`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "list", Usage: "list the studies, and where each was published"},
			&cli.StringFlag{Name: "compat", Value: "published", Usage: "`VARIANT`: published (what the published code does) or fixed (what it was meant to do)"},
			&cli.Uint64Flag{Name: "seed", Usage: "`N`: the seed of the jitter that separates the dots of a figure"},
			&cli.StringFlag{Name: "out", Category: category, Usage: "`DIR`: write to this folder; without it " + studiesFolder + "/NAME"},
			&cli.StringFlag{Name: "formats", Category: category, Value: "png,svg", Usage: "`LIST`: formats of the figures: png, svg, pdf"},
			&cli.StringFlag{Name: "theme", Category: category, Value: "light", Usage: "`THEME`: of the figures: light, dark or both"},
			&cli.IntFlag{Name: "dpi", Category: category, Usage: "`N` dots per inch of PNG; without it 150, or 300 where the study uses that"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Category: category, Usage: "print no text and no progress"},
		}, append(sharedFlags(), nameFlags()...)...),
		OnUsageError: onUsageError, Action: runStudy,
	}
}

func runStudy(c *cli.Context) error {
	if c.Bool("list") {
		if c.Args().Present() {
			return usage(c, "--list tells of all studies and takes no name")
		}
		return listStudies(c.App.Writer)
	}
	studies, err := chosenStudies(c)
	if err != nil {
		return err
	}
	to, err := studyOutput(c)
	if err != nil {
		return err
	}
	compat := study.Compat(c.String("compat"))
	if compat != study.Published && compat != study.Fixed {
		return usage(c, "--compat %s: it is published or fixed", compat)
	}
	if c.IsSet("lens") {
		return usage(c, "--lens: each study has its own; golens lens PROMPT --lens %s reads any text so", c.String("lens"))
	}
	for _, s := range studies {
		if at, err := os.Stat(folderOf(c, s)); err == nil && !at.IsDir() {
			return fmt.Errorf("--out: %s is a file, and the study needs a folder: name another", folderOf(c, s))
		}
	}
	models := &studyModels{c: c, open: map[model.DType]*model.Model{}}
	defer models.close()
	notes := newNotes(c.App.ErrWriter, c.Bool("quiet"))
	defer notes.clear()
	var done []*study.Outcome
	for i, s := range studies {
		dir := folderOf(c, s)
		m, err := models.of(s)
		if err != nil {
			return err
		}
		o, err := s.Run(c.Context, m, study.Options{Compat: compat, Seed: c.Uint64("seed"), Step: func(done, total int) {
			notes.say(fmt.Sprintf("%s (study %d of %d): part %d of %d", s.Name, i+1, len(studies), done, total))
		}})
		if err != nil {
			return fmt.Errorf("study %s: %w", s.Name, err)
		}
		if o.Manifest.Weights, err = models.digest(m); err != nil {
			return err
		}
		notes.say(fmt.Sprintf("%s (study %d of %d): figures and files", s.Name, i+1, len(studies)))
		if err := o.Write(c.Context, dir, to); err != nil {
			return fmt.Errorf("study %s: %w", s.Name, err)
		}
		notes.clear()
		if err := tell(c, notes, m, o, dir); err != nil {
			return err
		}
		done = append(done, o)
	}
	if c.Args().First() != "all" {
		return nil
	}
	dir := allFolder(c)
	if err := study.WriteContents(c.Context, dir, done); err != nil {
		return err
	}
	fmt.Fprintln(c.App.ErrWriter, "golens: all of them:", filepath.Join(dir, "index.html"))
	return nil
}

// studyModels opens the model in the number types that studies want: float32, unless
// --dtype says another, or a study was published in the type of a family's files.
type studyModels struct {
	c    *cli.Context
	open map[model.DType]*model.Model
	sum  string // of the weights, which is the same in all
}

func (s *studyModels) of(p *study.Study) (*model.Model, error) {
	if s.c.IsSet("dtype") {
		return s.in(model.DType(s.c.String("dtype")))
	}
	m, err := s.in("float32")
	if err == nil && p.Stored != "" && p.Stored == m.Family() {
		return s.in(model.Auto)
	}
	return m, err
}

func (s *studyModels) in(dtype model.DType) (*model.Model, error) {
	if m := s.open[dtype]; m != nil {
		return m, nil
	}
	m, err := openModelIn(s.c, dtype)
	if err == nil {
		s.open[dtype] = m
	}
	return m, err
}

func (s *studyModels) digest(m *model.Model) (string, error) {
	if s.sum != "" {
		return s.sum, nil
	}
	sum, err := m.KnownDigest()
	s.sum = sum
	return sum, err
}

func (s *studyModels) close() {
	for _, m := range s.open {
		m.Close()
	}
}

// tell prints a study's text, and says where the rest is.
func tell(c *cli.Context, n *notes, m *model.Model, o *study.Outcome, dir string) error {
	for _, w := range o.Warnings {
		n.warn(o.Study.Name, w)
	}
	if !c.Bool("quiet") {
		for _, d := range o.Study.Differs {
			fmt.Fprintf(c.App.ErrWriter, "golens: %s, %s: %s\n", o.Study.Name, o.Compat, d)
		}
		if _, err := fmt.Fprintf(c.App.Writer, "== %s: %s, on %s ==\n\n%s\n", o.Study.Name, o.Study.Title, m.Name, o.Text); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.App.ErrWriter, "golens: written:", filepath.Join(dir, "index.html"))
	return nil
}

// chosenStudies returns the studies that the argument names.
func chosenStudies(c *cli.Context) ([]*study.Study, error) {
	switch c.Args().Len() {
	case 0:
		return nil, usage(c, "which study? Give a name, or all; golens study --list tells of them")
	case 1:
	default:
		return nil, usage(c, "one study at a time, or all; and there are %d names", c.Args().Len())
	}
	if c.Args().First() == "all" {
		return study.Studies, nil
	}
	s, err := study.Find(c.Args().First())
	if err != nil {
		return nil, usage(c, "%w, and all", err)
	}
	return []*study.Study{s}, nil
}

// studyOutput reads the flags that say how the figures are written.
func studyOutput(c *cli.Context) (o study.WriteOptions, err error) {
	for _, f := range strings.Split(c.String("formats"), ",") {
		if f = strings.ToLower(strings.TrimSpace(f)); !slices.Contains(figure.Formats, f) {
			return o, usage(c, "--formats %s: there are %s", c.String("formats"), strings.Join(figure.Formats, ", "))
		}
		if !slices.Contains(o.Formats, f) {
			o.Formats = append(o.Formats, f)
		}
	}
	switch theme := c.String("theme"); theme {
	case "both":
		o.Themes = figure.Themes
	default:
		t, err := figure.ParseTheme(theme)
		if err != nil {
			return o, usage(c, "--theme %s: there are light, dark and both", theme)
		}
		o.Themes = []figure.Theme{t}
	}
	if o.DPI = c.Int("dpi"); c.IsSet("dpi") && (o.DPI < 20 || o.DPI > 1200) {
		return o, usage(c, "--dpi %d: give 20 to 1200", o.DPI)
	}
	if c.IsSet("out") && c.String("out") == "" {
		return o, usage(c, "--out: the folder's name is empty")
	}
	return o, nil
}

// allFolder returns where the studies' folders go.
func allFolder(c *cli.Context) string {
	if c.IsSet("out") {
		return c.String("out")
	}
	return studiesFolder
}

// folderOf returns where a study goes.
func folderOf(c *cli.Context, s *study.Study) string {
	if c.IsSet("out") && c.Args().First() != "all" {
		return c.String("out")
	}
	return filepath.Join(allFolder(c), s.Name)
}

func listStudies(w io.Writer) error {
	var b strings.Builder
	for _, s := range study.Studies {
		fmt.Fprintf(&b, "%s\n  %s. %s\n  Published: %s\n", s.Name, s.Title, s.About, s.Published)
		if len(s.Differs) == 0 {
			fmt.Fprintf(&b, "  published and fixed are the same\n")
		}
		for _, d := range s.Differs {
			fmt.Fprintf(&b, "  %s\n", d)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}
