// Package study repeats published experiments with the logit lens on any model: what a notebook
// prints, its figures and its numbers.
//
// Each study is a preset of package lens. Some published code does something else than its text
// says. Both variants exist, as Published and Fixed, and Differs names the differences.
package study

import (
	"context"
	"fmt"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report/data"
)

// Format is the value of "format" in the files of a study.
const Format = "golens-study-1"

// A Compat is one of the two variants of a study.
type Compat string

const (
	Published Compat = "published" // what the published code does
	Fixed     Compat = "fixed"     // what it was meant to do
)

// A Study is a published experiment.
type Study struct {
	Name      string          // its name on the command line
	Title     string          // a few words
	Published string          // by whom and where
	About     string          // its question, in a sentence
	Differs   []string        // the differences of Published and Fixed; empty if they are equal
	Arrays    []data.ArrayDoc // what its files hold

	Drawings []Drawing // its figures
	// Stored is the family for which the notebook computes in the type of the stored
	// weights. For other families, and in other studies, that is float32.
	Stored string

	run func(*work) error
}

// phi is the family of Microsoft's Phi-1 to Phi-2.
const phi = "phi"

// A Drawing says what a figure of a study shows.
type Drawing struct{ Letter, Shows string }

// array documents an array of a study's files.
func array(name, dtype, shape, meaning string) data.ArrayDoc {
	return data.ArrayDoc{Name: name, DType: dtype, Shape: shape, Meaning: meaning}
}

// Studies lists all studies in their order.
var Studies = []*Study{&lensGrid, &generation, &targetRank, &entropy, &hiddenStates}

// Find returns the study of a name, or an error that lists the names.
func Find(name string) (*Study, error) {
	var names []string
	for _, s := range Studies {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("no study is called %q: there are %s", name, strings.Join(names, ", "))
}

// Options say how a study is run. The zero Options are the published variant.
type Options struct {
	Compat Compat
	Seed   uint64                // of the jitter that separates dots
	Step   func(done, total int) // called after each part; can be nil
}

// An Outcome is the result of a study.
type Outcome struct {
	Study    *Study
	Compat   Compat
	Prompts  []string
	Text     string // what the notebook prints, with a line break at the end
	Arrays   []data.Array
	Figures  []Figure
	Lenses   []*lens.Result // the lenses that were read, for pages
	Manifest lens.Manifest  // without the digest of the weights
	Warnings []string
}

// A Figure is one figure of a study.
type Figure struct {
	Letter      string // as in docs/studies.md
	Name        string // of its files, without extension
	Title       string // for people, in a few words
	Seen        string // a paragraph on what the figure shows
	Draw        *figure.Figure
	DPI         int // of PNG
	Transparent bool
}

// Bundle returns the arrays for NPZ and JSON.
func (o *Outcome) Bundle() *data.Bundle {
	return data.NewBundle(Format, o.Study.Name, o.Prompts, o.Manifest, o.Warnings, o.Arrays...)
}

// Run repeats the study on a model. The numbers are PyTorch's to the last bit. A cancelled ctx
// ends the study between two parts.
func (s *Study) Run(ctx context.Context, m *model.Model, o Options) (*Outcome, error) {
	if o.Compat == "" {
		o.Compat = Published
	}
	if o.Compat != Published && o.Compat != Fixed {
		return nil, fmt.Errorf("no variant is called %q: there are published and fixed", o.Compat)
	}
	tok, err := m.Tokenizer()
	if err != nil {
		return nil, fmt.Errorf("a study reads words, and this model has no tokenizer: %w", err)
	}
	w := &work{ctx: ctx, m: m, tok: tok, Options: o, out: &Outcome{Study: s, Compat: o.Compat}}
	if err := s.run(w); err != nil {
		return nil, err
	}
	if w.Step != nil {
		w.Step(w.total, w.total)
	}
	w.out.Text = w.text.String()
	w.out.Manifest.Compat, w.out.Manifest.Lens = string(o.Compat), "" // a study reads several
	return w.out, nil
}
