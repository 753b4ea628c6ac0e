package lens

import (
	"context"
	"errors"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A Step is one token that a model wrote, and the lens of the states behind it.
type Step struct {
	Index int   // 0 for the step that reads the prompt
	ID    int64 // the token that was chosen
	Token Token

	// Lens is what every row would say at the positions that the step read: all T of
	// the prompt in step 0, or those chosen and the last, and one in each later step.
	// Positions are counted from the text's beginning, Tokens are the text up to the
	// last of them, Hidden has the step's own positions only. A position's next token,
	// as a target, is the one that follows in the text.
	Lens *Result
}

// A Generation is a text that a model wrote behind a prompt of T tokens, n tokens
// in n steps.
type Generation struct {
	Prompt   string // the text as given, which Generate does not know: for the caller to set
	T        int    // tokens of the prompt
	Sequence []int64
	Steps    []*Step
	Ended    Ending // why there are no more tokens
	Sampling *model.Sampling
	Config   *model.GenerationConfig // the settings that held
	Warnings []string
	Manifest Manifest
}

// New returns the tokens that the model wrote.
func (g *Generation) New() []Token {
	var out []Token
	for _, s := range g.Steps {
		out = append(out, s.Token)
	}
	return out
}

// Generate has the model write behind ids [T], and reads the lens of every step as
// it is made: step 0 in the shape [1,T,C], later ones, which read one token behind
// the keys and values of the others, in [1,1,C]. Tokens, states and numbers of greedy
// decoding are to the bit those of transformers' generate, with the settings of the
// model's folder, and of a notebook on them (Generation.Warnings say where they are not);
// in fast mode the tokens and states are, unless weights are packed, and the lens agrees up
// to rounding.
//
// each, which may be nil, is called after every step, with the device free; an error
// of it ends the generation. Where the generation fails or ctx is done, what was
// made comes back beside the error, unless nothing was.
func Generate(ctx context.Context, m *model.Model, ids []int64, o GenerateOptions, each func(*Step) error) (*Generation, error) {
	if err := m.Check(ids); err != nil {
		return nil, err
	}
	w := &writer{m: m, before: o.Before, out: &Generation{T: len(ids), Sequence: slices.Clone(ids), Sampling: o.Sampling}}
	if err := w.choose(o, ids); err != nil {
		return nil, err
	}
	if !m.Cached() {
		w.out.Warnings = append(w.out.Warnings, "this archive keeps nothing from step to step: each reads the whole text again, and its numbers differ in the last bits from those of a model that does")
	}
	err := w.write(ctx, each)
	if w.decoding != nil {
		w.decoding.Close()
	}
	if err != nil && len(w.out.Steps) == 0 {
		return nil, err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		w.out.Ended = Ending{Why: EndInterrupted}
	} else if err != nil {
		w.out.Ended = Ending{Why: EndFailed}
	}
	w.finish()
	return w.out, err
}

// writer is one Generate under way.
type writer struct {
	limits
	m        *model.Model
	first    *plan // of the prompt
	later    *plan // of each token behind it
	chooser  *model.Chooser
	decoding *model.Decoding
	before   []*Step // made earlier: GenerateOptions.Before
	out      *Generation
}

func (w *writer) write(ctx context.Context, each func(*Step) error) error {
	if err := w.goOn(ctx, each); err != nil {
		return err
	}
	for w.out.Ended.Why == "" {
		if err := ctx.Err(); err != nil {
			return err
		}
		var step *Step
		err := w.m.Hold(ctx, func(s model.Session) (err error) {
			step, err = w.step(ctx, s)
			return err
		})
		if err != nil {
			return err
		}
		w.add(step)
		if each != nil {
			if err := each(step); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes a step into the text.
func (w *writer) add(step *Step) {
	w.out.Steps = append(w.out.Steps, step)
	w.out.Sequence = append(w.out.Sequence, step.ID)
	w.out.Ended = w.ended(w.out)
}

// goOn takes over the steps that were made before. Where more follow, the model reads
// their tokens again, in the shapes of the steps, and no lens is read.
func (w *writer) goOn(ctx context.Context, each func(*Step) error) error {
	for _, step := range w.before {
		if step.Index != len(w.out.Steps) || step.Lens == nil || w.out.Ended.Why != "" {
			return choice("the steps that were made before are of another text")
		}
		w.add(step)
		if each != nil {
			if err := each(step); err != nil {
				return err
			}
		}
	}
	if w.out.Ended.Why != "" {
		return nil
	}
	for n := range w.before {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.m.Hold(ctx, func(s model.Session) error { return w.readAgain(s, n) }); err != nil {
			return err
		}
	}
	return nil
}

// readAgain reads the tokens of step n.
func (w *writer) readAgain(s model.Session, n int) error {
	ids := w.out.Sequence[:w.out.T+n]
	r := &reader{plan: w.later, m: w.m, ids: ids, first: len(ids) - 1}
	if n == 0 {
		r.plan, r.first = w.first, 0
	}
	defer r.scope.Close()
	s, err := r.session(s, r.length())
	if err != nil {
		return err
	}
	run, err := w.run(s, r)
	if err != nil {
		return err
	}
	w.chooser.Skip()
	run.Close()
	return nil
}

// step reads what is new, chooses the next token, and reads the lens.
func (w *writer) step(ctx context.Context, s model.Session) (*Step, error) {
	n := len(w.out.Steps)
	r := &reader{plan: w.later, m: w.m, ids: slices.Clone(w.out.Sequence), first: len(w.out.Sequence) - 1}
	if n == 0 {
		r.plan, r.first = w.first, 0
	}
	defer r.scope.Close()
	s, err := r.session(s, r.length())
	if err != nil {
		return nil, err
	}
	run, err := w.run(s, r)
	if err != nil {
		return nil, err
	}
	torch.Keep(&r.scope, run)
	forbidden, plain := w.chooser.Forbidden(r.ids, w.m.Sizes.Vocab)
	early := r.Fast && !r.Next && plain
	if early { // the lens itself says which token is the likeliest
		if err := r.readFast(ctx, s, run); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(r.best, func(id int64) bool { return !slices.Contains(forbidden, id) }); i >= 0 {
			r.next = r.best[i]
			return w.made(r), nil
		}
	}
	x, err := s.NextLogits(run)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	if r.next, err = w.chooser.Choose(x, r.ids); err != nil {
		return nil, err
	}
	if !early {
		if err := r.readStep(ctx, s, run, x); err != nil {
			return nil, err
		}
	}
	return w.made(r), nil
}

// made returns the step that was read.
func (w *writer) made(r *reader) *Step {
	return &Step{Index: len(w.out.Steps), ID: r.next, Token: piece(w.tok, r.next), Lens: r.out}
}

// readStep reads the lens of a step, whose last position's logits are last [1,1,V].
func (r *reader) readStep(ctx context.Context, s model.Session, run *hooks.Run, last *torch.Tensor) error {
	if r.Fast {
		return r.readFast(ctx, s, run)
	}
	own := last // that position is all that there is
	if r.first == 0 {
		var err error
		if own, err = s.Head(run.Results[0]); err != nil {
			return err
		}
	}
	return r.readRun(ctx, s, run, own)
}

// run reads the step's tokens with the cache of those before.
func (w *writer) run(s model.Session, r *reader) (*hooks.Run, error) {
	if w.decoding != nil {
		return s.Step(w.decoding, r.ids[r.first], r.captures())
	}
	d, run, err := s.Begin(r.ids, r.captures())
	w.decoding = d
	return run, err
}

// finish takes over what all steps have in common.
func (w *writer) finish() {
	var all []*Result
	for _, s := range w.out.Steps {
		all = append(all, s.Lens)
		w.out.Manifest = s.Lens.Manifest
		for _, warning := range withoutOddities(s.Lens) {
			if !slices.Contains(w.out.Warnings, warning) {
				w.out.Warnings = append(w.out.Warnings, warning)
			}
		}
	}
	w.out.Warnings = append(w.out.Warnings, oddities(all...)...)
}
