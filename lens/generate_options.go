package lens

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
)

// GenerateOptions say what is to be written and what of each step is wanted. The
// zero GenerateOptions write 20 tokens, the likeliest each, and read the notebook lens.
type GenerateOptions struct {
	Lens Options // of each step; Positions choose among the prompt's

	MaxNew    int // tokens to write at most; DefaultMaxNew where neither this nor MaxLength is set
	MaxLength int // tokens of prompt and new text at most; 0 for no limit
	MinNew    int // so many tokens are written before the text may end of itself
	MinLength int // the same, counted with the prompt's

	Sampling *model.Sampling // nil for the likeliest token (greedy decoding)

	End   []int64  // tokens that end the text; nil for the model's own
	NoEnd bool     // no token ends the text
	Stop  []string // texts that end it, once they stand in what was written

	// Before are the first steps of the same generation, made earlier. They are taken as
	// they are, and handed to each again; the steps behind them are those of a generation
	// that was never interrupted, to the bit.
	Before []*Step
}

// DefaultMaxNew is how many tokens are written unless the options say otherwise.
const DefaultMaxNew = 20

// Why says why a generation ended.
type Why string

const (
	EndToken       Why = "end-of-text"
	EndStop        Why = "stop"       // a text of GenerateOptions.Stop was written
	EndMaxNew      Why = "max-new"    // as many as were asked for
	EndMaxLength   Why = "max-length" // the same, counted with the prompt's
	EndContext     Why = "context"    // the model cannot read a longer text
	EndInterrupted Why = "interrupted"
	EndFailed      Why = "failed"
)

// An Ending says why a generation ended.
type Ending struct {
	Why  Why    `json:"why"`
	Stop string `json:"stop,omitempty"` // the text that ended it
}

// limits say when a text may end, and when it does.
type limits struct {
	GenerateOptions
	tok     *token.Tokenizer // nil where the model has none
	context int              // the longest text that the model reads, 0 where that is not known
	written []byte           // the new text's bytes
}

// choose checks the options and fills in what they leave open.
func (w *writer) choose(o GenerateOptions) error {
	T := w.out.T
	for _, n := range []struct {
		name  string
		value int
	}{{"MaxNew", o.MaxNew}, {"MaxLength", o.MaxLength}, {"MinNew", o.MinNew}, {"MinLength", o.MinLength}} {
		if n.value < 0 {
			return choice("%s is %d, and no number of tokens is below 0", n.name, n.value)
		}
	}
	if o.MaxNew == 0 && o.MaxLength == 0 {
		o.MaxNew = DefaultMaxNew
	}
	if o.MaxLength > 0 && o.MaxLength <= T {
		return choice("the text may have %d tokens, and the prompt alone has %d", o.MaxLength, T)
	}
	least := max(o.MinLength, T+o.MinNew)
	if o.MaxNew > 0 && least > T+o.MaxNew || o.MaxLength > 0 && least > o.MaxLength {
		return choice("the text cannot have at least %d tokens with the prompt's %d: it may not become so long", least, T)
	}
	for _, s := range o.Stop {
		if s == "" {
			return choice("a text that ends the generation is empty")
		}
	}
	tok, err := w.m.Tokenizer()
	if err != nil && len(o.Stop) > 0 {
		return choice("the generation cannot end at a text: %v", err)
	}
	for _, id := range o.End {
		if id < 0 || id >= int64(w.m.Sizes.Vocab) {
			return choice("the token %d cannot end the text: the vocabulary has the ids 0 to %d", id, w.m.Sizes.Vocab-1)
		}
	}
	if o.End == nil && !o.NoEnd {
		if o.End, err = w.m.EndIDs(); err != nil {
			return err
		}
	}
	if o.NoEnd {
		o.End = nil
	}
	o.MinLength, o.MinNew = least, 0
	w.limits = limits{GenerateOptions: o, tok: tok, context: w.m.Sizes.Context}
	if w.chooser, err = model.NewChooser(o.Sampling); err != nil {
		return &ChoiceError{err.Error()}
	}
	later := o.Lens
	later.Positions = nil
	if o.Lens.Positions != nil { // at the last one the first new token is chosen
		o.Lens.Positions = append(slices.Clone(o.Lens.Positions), -1)
	}
	if w.first, err = o.Lens.plan(w.m, T); err != nil {
		return err
	}
	w.later, err = later.plan(w.m, 1)
	return err
}

// forbidden returns the tokens that may not follow on a text of n.
func (l *limits) forbidden(n int) []int64 {
	if n < l.MinLength {
		return l.End
	}
	return nil
}

// ended says whether the text is at its end.
func (l *limits) ended(g *Generation) Ending {
	n := len(g.Sequence)
	last := g.Steps[len(g.Steps)-1]
	for _, id := range l.End {
		if id == last.ID {
			return Ending{Why: EndToken}
		}
	}
	l.written = append(l.written, last.Token.Bytes...)
	for _, s := range l.Stop {
		// A text that was there before has ended the generation already.
		if bytes.Contains(l.written, []byte(s)) {
			return Ending{Why: EndStop, Stop: s}
		}
	}
	switch {
	case l.MaxNew > 0 && n-g.T >= l.MaxNew:
		return Ending{Why: EndMaxNew}
	case l.MaxLength > 0 && n >= l.MaxLength:
		return Ending{Why: EndMaxLength}
	case l.context > 0 && n > l.context: // the last token is written, but not read
		return Ending{Why: EndContext}
	}
	return Ending{}
}

// String says it in words.
func (e Ending) String() string {
	switch e.Why {
	case EndToken:
		return "the text ended"
	case EndStop:
		return fmt.Sprintf("stopped at %q", e.Stop)
	case EndMaxNew, EndMaxLength:
		return "as long as was asked for"
	case EndContext:
		return "the model's context is full"
	}
	return string(e.Why)
}
