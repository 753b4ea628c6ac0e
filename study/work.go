package study

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/torch"
)

//go:embed published.py
var publishedText string

var published = torch.NewProgram("Published", publishedText)

// A work is a study in progress.
type work struct {
	Options
	ctx  context.Context
	m    *model.Model
	tok  *token.Tokenizer
	out  *Outcome
	text strings.Builder

	done, total int
}

func (w *work) published() bool { return w.Compat == Published }

func (w *work) blocks() int { return len(w.m.Layout.Blocks) }

// parts says how many parts the study has; step, that one is finished.
func (w *work) parts(n int) { w.total = n }

func (w *work) step() {
	w.done++
	if w.Step != nil && w.done < w.total {
		w.Step(w.done, w.total)
	}
}

func (w *work) printf(format string, a ...any) { fmt.Fprintf(&w.text, format, a...) }

// encode returns the ids of a prompt, and records the prompt for the outcome.
func (w *work) encode(prompt string) ([]int64, error) {
	w.out.Prompts = append(w.out.Prompts, prompt)
	return w.m.Prompt(prompt, model.PromptOptions{})
}

// word returns the target of a word: the first of its ids.
func (w *work) word(word string) (lens.Word, error) {
	t, err := w.m.Target(word)
	if err != nil {
		return lens.Word{}, err
	}
	if t.Warning != "" {
		w.warn("%s", t.Warning)
	}
	return lens.Word{Text: t.Text, ID: t.ID()}, nil
}

func (w *work) warn(format string, a ...any) {
	w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, a...))
}

// read reads a lens, and records it for the outcome.
func (w *work) read(prompt string, ids []int64, o lens.Options) (*lens.Result, error) {
	o.Track = 1 // the page draws the likeliest tokens' ways through all rows
	r, err := lens.Read(w.ctx, w.m, ids, o)
	if err != nil {
		return nil, err
	}
	r.Prompt = prompt
	w.out.Manifest = r.Manifest
	w.out.Warnings = append(w.out.Warnings, r.Warnings...)
	w.keep(r)
	w.step()
	return r, nil
}

// keep records a lens for the outcome, named by its prompt.
func (w *work) keep(r *lens.Result) {
	r.Name = r.Prompt
	w.out.Lenses = append(w.out.Lenses, r)
}

// array keeps an array for the files.
func (w *work) array(name string, values any, dims ...int) {
	w.out.Arrays = append(w.out.Arrays, data.Array{Name: name, Dims: dims, Values: values})
}

func (w *work) figure(f Figure) {
	if f.DPI == 0 {
		f.DPI = 150
	}
	f.Name = w.out.Study.Name + "-" + strings.ToLower(f.Letter) + "-" + f.Name
	w.out.Figures = append(w.out.Figures, f)
}

// decode returns the text of ids. A terminal or a figure can show it only after visible.Text.
func (w *work) decode(ids ...int64) string {
	var b strings.Builder
	for _, id := range ids {
		piece, _ := w.tok.Piece(id) // a model may have more rows than its tokenizer has pieces
		b.Write(piece)
	}
	return b.String()
}

// named returns one token as a paragraph speaks of it.
func (w *work) named(id int64) string {
	if _, err := w.tok.Piece(id); err != nil {
		return fmt.Sprintf("token %d", id)
	}
	return "“" + w.decode(id) + "”"
}

// visible returns one token as people should see it.
func (w *work) visible(id int64) string {
	piece, err := w.tok.Piece(id)
	if err != nil {
		return fmt.Sprintf("[%d]", id)
	}
	return visible.Text(piece)
}

// top returns the likeliest id of every row and position of r, and its probability.
func top(r *lens.Result) (ids []int64, probs []float32) {
	for i := 0; i < len(r.TopIDs); i += r.K {
		ids, probs = append(ids, r.TopIDs[i]), append(probs, r.TopProbs[i])
	}
	return ids, probs
}

// values calls a method of published.py, which returns one tensor of float32.
func values(method string, args ...any) ([]float32, error) {
	x, err := torch.One(published.Call(method, args...))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return model.Floats(x)
}
