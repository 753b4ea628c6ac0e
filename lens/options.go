package lens

import (
	"fmt"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/choices"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A Site is the place in each block whose output is read.
type Site string

const (
	// Resid is the residual stream after the block, the default.
	Resid Site = "resid"
	// ResidMid is the residual stream after attention was added.
	ResidMid Site = "resid_mid"
	// Attn is what attention adds to the stream.
	Attn Site = "attn"
	// MLP is what the MLP adds to the stream.
	MLP Site = "mlp"
)

// Options say what of a lens is wanted. The zero Options are the notebook lens of
// the residual stream, whose inner rows have no final norm: every row and position, five
// candidates a cell.
type Options struct {
	Projection Projection // Notebook, which norms the last row only, unless set
	At         Site       // Resid unless set
	Top        int        // candidates a cell; 5 unless set

	Rows      []int // 0 is the embedding, i the state after block i-1; nil for all
	Positions []int // negative ones count from the end; nil for all

	Next bool // the text's own next tokens are targets
	// Words are targets by id. They are read at Positions, or at the last one where
	// Positions is nil.
	Words []Word

	// Track follows the likeliest tokens of each cell, so many of its Top, through all
	// rows. It takes a second projection of every row.
	Track int

	// Stats are further statistics, such as Margin; those of targets need Next or Words.
	Stats []Stat

	Hidden bool // keep the states
	Logits bool // keep every logit: R*P*V numbers

	// Each, where set, is called once for every row with its logits [1,T,V], in no
	// promised order. The tensor is closed for it, and the model's device is held: to
	// start a run in it is a torch.HeldError.
	Each func(row Row, logits *torch.Tensor) error

	Hooks *hooks.Registry // interventions, and captures of the caller's own

	// Fast reads all rows in one pass over the vocabulary, where exact mode has PyTorch's
	// bits. Numbers agree with those up to rounding (see docs/fast.md).
	Fast   bool
	Kernel Kernel // of the fast mode; Auto unless set
	// Packed has the states of the fast mode made by golens's own products too, where the
	// model has them (model.Session.Fast). Packing the weights takes as long as some
	// twenty prompts, once a model.
	Packed bool

	// Last says that the model is not run again: the pages of mapped weights that only its
	// run reads are given back before the head's come, so that they are not in memory
	// together. A run that follows all the same has them read from the file again.
	Last bool
}

// A Word is a target: the text that was asked for, and the token that stands for it.
type Word struct {
	Text string
	ID   int64
}

// DefaultTop is how many candidates a cell keeps unless Options say otherwise.
const DefaultTop = 5

// A ChoiceError says that Options ask for what a model or prompt does not have.
type ChoiceError = choices.Error

func choice(format string, a ...any) error { return choices.Errorf(format, a...) }

// plan is Options with every choice made for a model and a prompt.
type plan struct {
	Options
	rows      []Row
	points    []string // where each row's state is captured
	positions []int
	targetsAt []int
}

// plan checks the options and fills in what they leave open.
func (o Options) plan(m *model.Model, T int) (*plan, error) {
	p := &plan{Options: o}
	if p.Projection == nil {
		p.Projection = Notebook
	}
	if p.At == "" {
		p.At = Resid
	}
	if p.Top == 0 {
		p.Top = DefaultTop
	}
	if p.Top < 1 || p.Top > m.Sizes.Vocab {
		return nil, choice("%d candidates a cell cannot be kept: ask for 1 to %d", p.Top, m.Sizes.Vocab)
	}
	if p.Track < 0 || p.Track > p.Top {
		return nil, choice("%d candidates a cell cannot be followed: ask for 0 to the %d that are kept", p.Track, p.Top)
	}
	if p.Next && len(p.Words) > 0 {
		return nil, choice("targets are either words or the text's own next tokens, not both")
	}
	for _, w := range p.Words {
		if w.ID < 0 || w.ID >= int64(m.Sizes.Vocab) {
			return nil, choice("the target %q has the id %d, which is not in the vocabulary of %d", w.Text, w.ID, m.Sizes.Vocab)
		}
	}
	if err := p.checkStats(); err != nil {
		return nil, err
	}
	if err := p.chooseKernel(m); err != nil {
		return nil, err
	}
	if p.Packed && !p.Fast {
		return nil, choice("packed weights belong to the fast mode: in exact mode the products are libtorch's own")
	}
	p.Packed = p.Packed && m.Packs() == nil
	if err := p.chooseRows(m); err != nil {
		return nil, err
	}
	var err error
	if p.positions, err = choosePositions(o.Positions, T); err != nil {
		return nil, err
	}
	p.targetsAt = p.positions
	if o.Positions == nil && !p.Next {
		p.targetsAt = []int{T - 1}
	}
	return p, nil
}

func (p *plan) chooseRows(m *model.Model) error {
	l, L := m.Layout, len(m.Layout.Blocks)
	point := func(i int) string {
		switch p.At {
		case Attn:
			return l.Blocks[i-1].Attn
		case MLP:
			return l.Blocks[i-1].MLP
		case ResidMid:
			return l.Blocks[i-1].Mid
		}
		if i == 0 {
			return l.Embed
		}
		return l.Blocks[i-1].Out
	}
	first := 0
	switch p.At {
	case Resid:
	case ResidMid, Attn, MLP:
		first = 1 // the embedding has no such part
	default:
		return choice("no site is called %q: there are resid, resid_mid, attn and mlp", p.At)
	}
	rows := slices.Clone(p.Rows)
	if rows == nil {
		for i := first; i <= L; i++ {
			rows = append(rows, i)
		}
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	if len(rows) == 0 {
		return choice("no row is left to read")
	}
	for _, i := range rows {
		if i < first || i > L {
			return choice("there is no row %d at %s: rows go from %d to %d (0 is the embedding, i the state after block i-1)", i, p.At, first, L)
		}
		r := Row{Index: i, Point: point(i), Label: "emb"}
		if i > 0 {
			r.Label = fmt.Sprintf("L%d", i-1)
		}
		if r.Point == "" {
			if p.At == ResidMid {
				return choice("this model has no stream between attention and MLP: both are added together, or the archive does not say where it is")
			}
			return choice("this model has no module at %s: the archive does not say where that is", p.At)
		}
		p.points = append(p.points, r.Point)
		if p.At == Resid && i == L && p.Projection.OwnOutput() {
			r.Point = l.Norm
		}
		p.rows = append(p.rows, r)
	}
	return p.Projection.Check(m, p.At, p.rows)
}

// choosePositions brings positions into 0..T-1, rising and without doubles.
func choosePositions(asked []int, T int) ([]int, error) {
	var out []int
	if asked == nil {
		for i := range T {
			out = append(out, i)
		}
		return out, nil
	}
	for _, a := range asked {
		i := a
		if i < 0 {
			i += T
		}
		if i < 0 || i >= T {
			return nil, choice("there is no position %d: the prompt has %d tokens, numbered from 0 (or from -1 backwards)", a, T)
		}
		out = append(out, i)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) == 0 {
		return nil, choice("no position is left to read")
	}
	return out, nil
}
