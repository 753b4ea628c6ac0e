package page

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

// pageData is what a page's program reads. Its keys are short where they repeat.
type pageData struct {
	Results []pageResult `json:"results"`
	Format  string       `json:"format"`  // of the JSON that the page gives out
	Columns []string     `json:"columns"` // of the CSV that it gives out
	Ramp    []string     `json:"ramp"`    // colours of 0 to 1, at even distances
	Unknown string       `json:"unknown"` // colour of NaN

	By        report.Measure `json:"by"`
	Target    int            `json:"target"`
	LastOnTop bool           `json:"last_on_top"`
}

// A pageResult holds all of a lens.Result but states and logits.
type pageResult struct {
	Title       string        `json:"title"` // fit to be shown, as Shown is
	Name        string        `json:"name"`
	Prompt      string        `json:"prompt"`
	PromptBytes []byte        `json:"prompt_bytes,omitempty"`
	Shown       string        `json:"shown"` // the prompt for people
	Manifest    lens.Manifest `json:"manifest"`
	Warnings    []string      `json:"warnings"`
	Layers      []data.Layer  `json:"layers"`
	Targets     *data.Targets `json:"targets,omitempty"`
	Joint       *data.Joint   `json:"joint,omitempty"`
	Followed    int           `json:"followed"` // candidates of each cell that the tracks follow
	Written     *pageWritten  `json:"written,omitempty"`

	Stats  []pageStat  `json:"stats,omitempty"`
	Arrays []pageArray `json:"arrays"` // as JSON has them, in its order
	// Pieces has every token that is spoken of, by its id.
	Pieces map[string]pagePiece `json:"pieces"`
}

// A pageStat is a statistic that was asked for; its values are among the arrays.
type pageStat struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Unit    string `json:"unit"`
	Targets bool   `json:"targets"`
}

// pageWritten says which part of a text the model wrote.
type pageWritten struct {
	Prompt int    `json:"prompt"` // tokens before it
	Shown  string `json:"shown"`  // what is new, for people
	Manner string `json:"manner"` // how it was written, in a sentence
	// JSON is the member "generation" as text: its seed is too large a number for a
	// browser to read.
	JSON string `json:"json"`
}

// A pageArray has its name, its shape and one of the others, flat and row-major.
type pageArray struct {
	Name  string  `json:"name"`
	Shape []int   `json:"shape"`
	Int   []int64 `json:"int,omitempty"`
	Float string  `json:"float,omitempty"` // base64 of little-endian float32
	Bool  string  `json:"bool,omitempty"`  // a 0 or 1 each
}

// A pagePiece is a token: its text, and what differs from it.
type pagePiece struct {
	Text    string `json:"t"`
	Bytes   []byte `json:"b,omitempty"` // where Text is not lossless
	Shown   string `json:"s,omitempty"` // as people see it, see Visible
	Escaped string `json:"e,omitempty"` // as CSV has it, see Escape
	Prompt  bool   `json:"p,omitempty"` // occurs in the prompt or a whole target only: JSON does not list it
	Unknown bool   `json:"u,omitempty"` // its bytes are not known
}

// colourSteps is the number of colours that a page has from 0 to 1.
const colourSteps = 65

func newPageData(results []*lens.Result, o Options) (*pageData, error) {
	if len(results) == 0 {
		return nil, errors.New("report: no result to make a page of")
	}
	d := &pageData{Format: data.LensFormat, Unknown: cssColour(colormap.Unknown), By: o.By, Target: o.Target, LastOnTop: o.LastOnTop}
	if d.By == "" {
		d.By = report.ByProb
	}
	if o.ColourMap == "" {
		o.ColourMap = figure.DefaultColourMap
	}
	for i := range colourSteps {
		c, err := colormap.At(o.ColourMap, float64(i)/(colourSteps-1))
		if err != nil {
			return nil, err
		}
		d.Ramp = append(d.Ramp, cssColour(c))
	}
	for _, c := range data.Columns {
		d.Columns = append(d.Columns, c.Name)
	}
	for _, s := range results[0].Stats { // all results are read in one way
		d.Columns = append(d.Columns, s.Name)
	}
	for _, r := range results {
		p, err := newPageResult(r)
		if err != nil {
			return nil, err
		}
		// A measure that a result lacks is refused here, as in a figure.
		if err := report.CheckMeasure(r, report.GridOptions{By: o.By, Target: o.Target}); err != nil {
			return nil, err
		}
		if t := r.Targets; o.Target != 0 && (t == nil || o.Target < 0 || o.Target >= t.N) {
			return nil, fmt.Errorf("report: no target %d in %s", o.Target, data.Describe(r))
		}
		if o.Title != "" {
			p.Title = visible.Name(o.Title)
		}
		d.Results = append(d.Results, p)
	}
	return d, nil
}

func newPageResult(r *lens.Result) (pageResult, error) {
	p := pageResult{Title: report.Title(r), Name: data.Valid(r.Name), Prompt: data.Valid(r.Prompt), Shown: visible.Name(r.Prompt), Manifest: r.Manifest,
		Pieces: map[string]pagePiece{}}
	b, err := data.Lens(r)
	if err != nil {
		return p, err
	}
	if r.K < 1 || r.TopIDs == nil || len(r.Rows) == 0 || len(r.Positions) == 0 {
		return p, fmt.Errorf("report: %s keeps no candidates to show; ask for at least one", data.Describe(r))
	}
	if !utf8.ValidString(r.Prompt) {
		p.PromptBytes = []byte(r.Prompt)
	}
	for _, w := range r.Warnings {
		p.Warnings = append(p.Warnings, data.Valid(w))
	}
	for _, row := range r.Rows {
		p.Layers = append(p.Layers, data.LayerOf(row))
	}
	if r.Targets != nil {
		t := data.TargetsOf(r)
		p.Targets = &t
	}
	if r.Joint != nil {
		j := data.JointOf(r.Joint)
		p.Joint = &j
	}
	if w := r.Written; w != nil {
		member, err := json.Marshal(data.GenerationOf(r))
		if err != nil {
			return p, fmt.Errorf("report: generation of %s: %w", data.Describe(r), err)
		}
		p.Written = &pageWritten{w.Prompt, visible.Name(string(w.Text)), report.Manner(w), string(member)}
	}
	if r.Tracks != nil {
		p.Followed = r.Tracks.Top
	}
	for _, f := range b.Arrays {
		if !f.Large {
			p.Arrays = append(p.Arrays, newPageArray(f))
		}
	}
	for _, s := range r.Stats {
		title := s.Title
		if title == "" {
			title = s.Name
		}
		p.Stats = append(p.Stats, pageStat{s.Name, title, s.Unit, s.OfTargets})
	}
	spoken := r.Tokens
	if r.Joint != nil {
		spoken = slices.Concat(spoken, r.Joint.Tokens)
	}
	for _, t := range spoken {
		piece := newPagePiece(t)
		piece.Prompt = true
		p.Pieces[strconv.FormatInt(t.ID, 10)] = piece
	}
	for id, t := range r.Pieces {
		t.ID = id
		p.Pieces[strconv.FormatInt(id, 10)] = newPagePiece(t)
	}
	return p, nil
}

func newPageArray(a data.Array) pageArray {
	out := pageArray{Name: a.Name, Shape: a.Dims}
	switch data := a.Values.(type) {
	case []int64:
		out.Int = data
	case []float32:
		b := make([]byte, 4*len(data))
		for i, v := range data {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		}
		out.Float = base64.StdEncoding.EncodeToString(b)
	case []bool:
		b := make([]byte, len(data))
		for i, v := range data {
			b[i] = '0'
			if v {
				b[i] = '1'
			}
		}
		out.Bool = string(b)
	}
	return out
}

func newPagePiece(t lens.Token) pagePiece {
	j := data.PieceOf(t, false)
	p := pagePiece{Text: j.Text, Bytes: j.Bytes, Unknown: t.Bytes == nil}
	if shown := report.TokenText(t); shown != p.Text {
		p.Shown = shown
	}
	if escaped := visible.Escape(t.Bytes); escaped != p.Text {
		p.Escaped = escaped
	}
	return p
}

// cssColour returns a colour as style sheets write it.
func cssColour(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
