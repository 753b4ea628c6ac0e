package study

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/atomicfile"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/page"
)

// WriteOptions choose the figures' formats in a study's folder. Numbers, text and page are always
// written.
type WriteOptions struct {
	Formats []string       // of the figures: png, svg, pdf; png and svg where nil
	Themes  []figure.Theme // light where nil; with both, dark files have -dark in their names
	DPI     int            // of PNG; 0 for each figure's own
}

// Write writes the study to the folder dir, which it creates if necessary: NAME.npz and NAME.json
// with the arrays, NAME.txt with the printed text, the figures, NAME-lens.html with the lenses,
// and index.html, which shows them together. Each file appears complete; index.html is the last. A
// cancelled ctx ends Write between two files.
func (o *Outcome) Write(ctx context.Context, dir string, w WriteOptions) error {
	if w.Formats == nil {
		w.Formats = []string{"png", "svg"}
	}
	if w.Themes == nil {
		w.Themes = []figure.Theme{figure.Light}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	name := o.Study.Name
	put := func(file string, write func(io.Writer) error) error {
		return atomicfile.WriteFile(ctx, filepath.Join(dir, file), write)
	}
	b := o.Bundle()
	text := func(to io.Writer) error { _, err := io.WriteString(to, o.Text); return err }
	if err := put(name+".txt", text); err != nil {
		return err
	}
	for _, format := range []data.Format{data.NPZ, data.JSON} {
		if err := put(name+"."+format.Name, func(to io.Writer) error { return b.Write(to, format, data.Options{}) }); err != nil {
			return err
		}
	}
	var sections []page.Section
	for _, f := range o.Figures {
		for _, format := range w.Formats {
			for _, theme := range w.Themes {
				if err := put(f.File(format, theme, w.Themes), func(to io.Writer) error { return f.write(to, format, theme, w.DPI) }); err != nil {
					return fmt.Errorf("figure %s: %w", f.Letter, err)
				}
			}
		}
		s, err := f.section(w)
		if err != nil {
			return err
		}
		sections = append(sections, s)
	}
	if err := put(name+"-lens.html", func(to io.Writer) error { return page.Write(to, o.Lenses, page.Options{}) }); err != nil {
		return err
	}
	return put("index.html", func(to io.Writer) error { return page.WriteIndex(to, o.index(sections)) })
}

// File returns the name of the figure's file in a format and a theme, which is one of themes.
func (f *Figure) File(format string, theme figure.Theme, themes []figure.Theme) string {
	if theme == figure.Dark && len(themes) > 1 {
		return f.Name + "-dark." + format
	}
	return f.Name + "." + format
}

func (f *Figure) write(w io.Writer, format string, theme figure.Theme, dpi int) error {
	if dpi == 0 {
		dpi = f.DPI
	}
	return figure.Write(w, format, f.Draw, figure.Options{DPI: dpi, Theme: theme, Transparent: f.Transparent})
}

const (
	pageDPI    = 150
	pageVector = 200e3 // bytes from which on PNG stands in the page: a cloud of dots is smaller so
)

// section shows the figure in a page, in the theme of the page.
func (f *Figure) section(w WriteOptions) (page.Section, error) {
	p := page.Picture{Alt: f.Title + ". " + f.Seen}
	for _, format := range []string{"svg", "png"} {
		p.Format = format
		for theme, into := range map[figure.Theme]*[]byte{figure.Light: &p.Data, figure.Dark: &p.Dark} {
			var b bytes.Buffer
			if err := f.write(&b, format, theme, pageDPI); err != nil {
				return page.Section{}, fmt.Errorf("figure %s: %w", f.Letter, err)
			}
			*into = b.Bytes()
		}
		if len(p.Data) < pageVector {
			break
		}
	}
	s := page.Section{Title: f.Letter + ". " + f.Title, Paragraph: f.Seen, Pictures: []page.Picture{p}}
	for _, format := range w.Formats {
		for _, theme := range w.Themes {
			file := f.File(format, theme, w.Themes)
			s.Links = append(s.Links, page.Link{File: file})
		}
	}
	return s, nil
}

// index is the study's page.
func (o *Outcome) index(sections []page.Section) page.Index {
	name := o.Study.Name
	x := page.Index{
		Title: o.Study.Title, Where: o.Study.Published,
		Paragraphs: slices.Concat([]string{o.Study.About}, o.about()),
		Sections:   slices.Concat(sections, []page.Section{{Title: "What the notebook prints", Text: o.Text}}),
		Links: []page.Link{
			{File: name + "-lens.html", Note: "the lens, to be looked into cell by cell"},
			{File: name + ".npz", Note: "the numbers, for numpy.load"},
			{File: name + ".json", Note: "the same as JSON"},
			{File: name + ".txt", Note: "the printed text"},
		},
		Facts: o.facts(),
	}
	return x
}

// about says which variant was used, if there are two, and lists warnings.
func (o *Outcome) about() []string {
	var out []string
	if len(o.Study.Differs) > 0 {
		out = append(out, fmt.Sprintf("This is the variant %q. Where the two differ: %s.", o.Compat, strings.Join(o.Study.Differs, "; ")))
	}
	return append(out, o.Warnings...)
}

func (o *Outcome) facts() []page.Fact {
	m := o.Manifest
	facts := []page.Fact{{Name: "Study", Value: o.Study.Name + ", " + string(o.Compat)}}
	for i, p := range o.Prompts {
		facts = append(facts, page.Fact{Name: fmt.Sprintf("Prompt %d", i+1), Value: p})
	}
	for _, f := range []page.Fact{
		{Name: "Model", Value: m.Model}, {Name: "Weights (sha256)", Value: m.Weights}, {Name: "Tokenizer (sha256)", Value: m.Tokenizer},
		{Name: "Computed in", Value: fmt.Sprintf("%s on %s, %s attention", m.DType, m.Device, m.Attention)},
		{Name: "libtorch", Value: fmt.Sprintf("%s, %s, %s", m.Libtorch, m.BLAS, m.Capability)},
		{Name: "Processor", Value: fmt.Sprintf("%s, %d threads", m.CPU, m.Threads)},
		{Name: "golens", Value: m.Golens},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// WriteContents writes an index.html to the folder dir. It links the pages of several studies,
// each in the folder of its name.
func WriteContents(ctx context.Context, dir string, outcomes []*Outcome) error {
	x := page.Index{Title: "Published studies of the logit lens", Paragraphs: []string{
		"Each study repeats a published notebook: what it prints, its figures and its numbers."}}
	for _, o := range outcomes {
		x.Sections = append(x.Sections, page.Section{Title: o.Study.Title, Paragraph: o.Study.About,
			Links: []page.Link{{File: o.Study.Name + "/index.html", Name: o.Study.Name, Note: o.Study.Published}}})
	}
	if len(outcomes) > 0 {
		m := outcomes[0].Manifest
		x.Facts = []page.Fact{{Name: "Model", Value: m.Model}, {Name: "golens", Value: m.Golens}}
	}
	return atomicfile.WriteFile(ctx, filepath.Join(dir, "index.html"), func(w io.Writer) error { return page.WriteIndex(w, x) })
}
