package lens

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
)

// GenerateOptions say what is to be written and what of each step is wanted. The
// zero GenerateOptions write 20 tokens, the likeliest each, and read the notebook lens,
// whose inner rows have no final norm.
type GenerateOptions struct {
	Lens Options // of each step; Positions choose among the prompt's

	// Where neither of the two greatest lengths is set, the settings' own hold, else
	// DefaultMaxNew; where neither of the two least, the settings' own.
	MaxNew    int // tokens to write at most
	MaxLength int // tokens of prompt and new text at most
	MinNew    int // so many tokens are written before the text may end of itself
	MinLength int // the same, counted with the prompt's

	Sampling *model.Sampling // nil for the likeliest token (greedy decoding)

	End   []int64  // tokens that end the text; nil for the settings' own
	NoEnd bool     // no token ends the text
	Stop  []string // texts that end it: with a token that completes one, begun in the prompt or behind it; nil for the settings' own

	// Config has the settings that the options above leave open, and all others; nil for
	// those of the model's folder (model.GenerationConfig), as in transformers' generate.
	Config *model.GenerationConfig

	// Before are the first steps of the same generation, made earlier. They are taken as
	// they are, and handed to each again; the steps behind them are those of a generation
	// that was never interrupted, to the bit.
	Before []*Step
}

// DefaultMaxNew is how many tokens are written unless the options or the settings say
// otherwise; fewer where the model's context is full before, as in transformers.
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

// limits say when a text ends.
type limits struct {
	maxNew, maxLength int  // 0 for no limit
	unsaid            bool // nobody has said how long the text becomes
	end               []int64
	stop              []string
	context           int // the longest text that the model reads, 0 where that is not known
	text              []byte
	tok               *token.Tokenizer // nil where the model has none
}

// choose checks the options and fills in what they leave open.
func (w *writer) choose(o GenerateOptions, ids []int64) error {
	config, err := w.settings(o, ids)
	if err != nil {
		return err
	}
	if w.chooser, err = model.NewChooser(config, w.out.T); err != nil {
		return &ChoiceError{Msg: err.Error()}
	}
	w.out.Config = config
	later := o.Lens
	later.Positions = nil
	if o.Lens.Positions != nil { // at the last one the first new token is chosen
		o.Lens.Positions = append(slices.Clone(o.Lens.Positions), -1)
	}
	if w.first, err = o.Lens.plan(w.m, w.out.T); err != nil {
		return err
	}
	w.later, err = later.plan(w.m, 1)
	return err
}

// settings returns what holds for the text behind ids, and sets w's limits.
func (w *writer) settings(o GenerateOptions, ids []int64) (*model.GenerationConfig, error) {
	config := o.Config
	if config == nil {
		var err error
		if config, err = w.m.GenerationConfig(); err != nil {
			return nil, err
		}
	}
	g := *config
	w.warn(&g, o, ids)
	for _, id := range o.End {
		if id < 0 || id >= int64(w.m.Sizes.Vocab) {
			return nil, choice("the token %d cannot end the text: the vocabulary has the ids 0 to %d", id, w.m.Sizes.Vocab-1)
		}
	}
	if o.End != nil {
		g.EOS = o.End
	}
	if o.NoEnd {
		g.EOS = nil
	}
	if o.Stop != nil {
		g.Stop = o.Stop
	}
	if slices.Contains(g.Stop, "") {
		return nil, choice("a text that ends the generation is empty")
	}
	if g.Sample = o.Sampling != nil; g.Sample {
		g.Sampling = *o.Sampling
	}
	if err := setLengths(&g, o, w.out.T); err != nil {
		return nil, err
	}
	if err := g.Check(w.m.Sizes.Vocab); err != nil {
		return nil, &ChoiceError{Msg: err.Error()}
	}
	tok, err := w.m.Tokenizer()
	if err != nil && len(g.Stop) > 0 {
		return nil, choice("the generation cannot end at a text: %v", err)
	}
	w.limits = limits{maxNew: g.MaxNew, maxLength: g.MaxLength, end: g.EOS, stop: g.Stop, context: w.m.Sizes.Context, tok: tok}
	for _, id := range ids {
		w.text = append(w.text, piece(tok, id).Bytes...)
	}
	most := []int{}
	if w.unsaid = g.MaxNew == 0 && g.MaxLength == 0; w.unsaid {
		w.maxNew, g.MaxNew = DefaultMaxNew, DefaultMaxNew
		if w.context > 0 {
			most = append(most, max(w.context, w.out.T+1))
		}
	}
	if w.maxNew > 0 {
		most = append(most, w.out.T+w.maxNew)
	}
	if w.maxLength > 0 {
		most = append(most, w.maxLength)
	}
	g.MaxLength = slices.Min(most) // at which a token may be forced
	return &g, nil
}

// setLengths gives g the lengths of the options, each pair in place of the settings'
// own. Of a pair of the settings' own, the number of new tokens counts.
func setLengths(g *model.GenerationConfig, o GenerateOptions, T int) error {
	for _, n := range []struct {
		name  string
		value int
	}{{"MaxNew", o.MaxNew}, {"MaxLength", o.MaxLength}, {"MinNew", o.MinNew}, {"MinLength", o.MinLength}} {
		if n.value < 0 {
			return choice("%s is %d, and no number of tokens is below 0", n.name, n.value)
		}
	}
	whose := ""
	switch {
	case o.MaxNew > 0 || o.MaxLength > 0:
		g.MaxNew, g.MaxLength = o.MaxNew, o.MaxLength
	case g.MaxNew > 0:
		g.MaxLength = 0
	case g.MaxLength > 0:
		whose = " by max_length of " + g.Source()
	}
	if g.MaxLength > 0 && g.MaxLength <= T {
		return choice("the text may have %d tokens%s, and the prompt alone has %d", g.MaxLength, whose, T)
	}
	if g.MinNew > 0 {
		g.MinLength = T + g.MinNew
	}
	if o.MinLength > 0 || o.MinNew > 0 {
		g.MinLength = max(o.MinLength, T+o.MinNew)
		maxNew := g.MaxNew
		if g.MaxNew == 0 && g.MaxLength == 0 {
			maxNew = DefaultMaxNew
		}
		if maxNew > 0 && g.MinLength > T+maxNew || g.MaxLength > 0 && g.MinLength > g.MaxLength {
			return choice("the text cannot have at least %d tokens with the prompt's %d: it may not become so long", g.MinLength, T)
		}
	}
	g.MinNew = 0
	return nil
}

// warn says where transformers' generate, with the same settings, would do otherwise.
func (w *writer) warn(g *model.GenerationConfig, o GenerateOptions, ids []int64) {
	say := func(format string, a ...any) { w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, a...)) }
	w.out.Warnings = append(w.out.Warnings, g.Warnings(o.Sampling != nil)...)
	if g.MaxNew > 0 && o.MaxNew == 0 && o.MaxLength > 0 {
		say("the greatest length asked for counts, and not max_new_tokens %d of %s, which counts in transformers' generate", g.MaxNew, g.Source())
	}
	if g.MinNew > 0 && o.MinNew == 0 && o.MinLength > 0 {
		say("the least length asked for counts, and not min_new_tokens %d of %s, which counts in transformers' generate", g.MinNew, g.Source())
	}
	for _, id := range g.Pad {
		if slices.Contains(ids, id) && !slices.Contains(g.EOS, id) {
			say("the prompt has the token %d, the pad_token_id of %s: golens reads it, and transformers' generate does not unless it is given an attention mask", id, g.Source())
		}
	}
}

// ended says whether the text is at its end.
func (l *limits) ended(g *Generation) Ending {
	n := len(g.Sequence)
	last := g.Steps[len(g.Steps)-1]
	if slices.Contains(l.end, last.ID) {
		return Ending{Why: EndToken}
	}
	before := len(l.text)
	l.text = append(l.text, last.Token.Bytes...)
	for _, s := range l.stop {
		// It ends within the last token; it may begin in the prompt.
		if bytes.Contains(l.text[max(0, before-len(s)+1):], []byte(s)) {
			return Ending{Why: EndStop, Stop: s}
		}
	}
	switch {
	case l.maxNew > 0 && n-g.T >= l.maxNew:
		return Ending{Why: EndMaxNew}
	case l.maxLength > 0 && n >= l.maxLength:
		return Ending{Why: EndMaxLength}
	case l.context > 0 && (n > l.context || l.unsaid && n == l.context): // the last token is written, but not read
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
