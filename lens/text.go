package lens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
)

// A TokenSource gives the ids of a text from its beginning to its end, as an io.Reader
// gives bytes: it fills ids as far as it can, and says io.EOF where the text ends.
type TokenSource interface {
	ReadIDs(ids []int64) (n int, err error)
}

// DefaultChunk is how many tokens a window of a text has unless TextOptions say otherwise.
const DefaultChunk = 256

// TextOptions say how a text is read.
type TextOptions struct {
	// Lens says which rows are read and how. What it says of cells and targets, that is
	// Top, Positions, Next, Words, Track, Hidden, Logits and Each, is for ReadText to choose,
	// and so is Last.
	Lens Options

	// Chunk is how many of the text's tokens a window has: DefaultChunk unless set, or
	// as many as the model's context has room for where that is less.
	Chunk int

	// Prefix is put in front of each window. It is read and takes part in nothing else:
	// no number is of its positions, and none of it is a target.
	Prefix []int64

	Progress func(TextProgress) // called after every window where it is set

	// Keep is given the state of the reading after the first window, and every few seconds
	// behind others. Before is
	// such a state of an earlier reading of the same text in the same way, which goes on
	// there: its means are those of a reading that was never interrupted, to the bit.
	Keep   func(state []byte) error
	Before []byte
}

// TextProgress says how far the reading of a text is.
type TextProgress struct {
	Tokens, Windows int64
	Rate            float64 // tokens a second since the first window was begun
}

// ErrNoText is the error of a text without a token.
var ErrNoText = errors.New("the text is empty, and has nothing to read")

// ErrNoTarget is the error of a text of one token, which no other predicts.
var ErrNoTarget = errors.New("the text has one token, and nothing in it predicts another: two are the least")

// ReadText reads a text of any length in windows of o.Chunk tokens that do not overlap,
// and returns the means of what every row says at all of the text's positions, with its
// own next tokens as targets. Each window is a run of its own, whose positions begin at 0
// and which sees nothing of those before it. The target of a window's last position is
// the first token of the next window; the text's last position has none. So each token
// but the first is a target once.
//
// The numbers of each position are those of Read, to the bit in exact mode; they are
// added in float64. Memory does not grow with the text. Where ctx is done or a window
// fails, the means of the windows before come back beside the error, unless there is none.
func ReadText(ctx context.Context, m *model.Model, text TokenSource, o TextOptions) (*Text, error) {
	r := &textReader{m: m, source: text, begun: time.Now(), size: map[int]int{}}
	r.tok, _ = m.Tokenizer() // which a warning tells of
	if err := r.choose(o); err != nil {
		return nil, err
	}
	if o.Before != nil {
		if err := r.goOn(o.Before); err != nil {
			return nil, err
		}
	}
	err := r.read(ctx)
	if r.sums.windows == 0 || r.sums.rows == nil {
		return nil, err
	}
	return r.result(err == nil), err
}

// textReader is one ReadText under way.
type textReader struct {
	TextOptions
	m      *model.Model
	source TokenSource
	begun  time.Time

	ahead    []int64 // tokens of the source that are in no window yet
	ended    bool    // the source has no more
	sums     textSums
	size     map[int]int      // rows of logits that are read at a time, by the length of a window
	tok      *token.Tokenizer // nil where there is none
	bytes    int64            // of the targets, -1 where a piece is not known
	manifest Manifest
	warnings []string

	seen   [32]byte  // a digest of the tokens that were read
	kept   time.Time // when the state was
	before int64     // tokens of an earlier reading
}

// choose checks the options and fills in what they leave open.
func (r *textReader) choose(o TextOptions) error {
	l := o.Lens
	if l.Top != 0 || l.Positions != nil || l.Next || l.Words != nil || l.Track != 0 || l.Hidden || l.Logits || l.Each != nil {
		return choice("the means of a text are of all its positions, and their targets are its own next tokens: cells, words and states cannot be chosen")
	}
	room := r.m.Sizes.Context - len(o.Prefix) // where the context is known
	switch known := r.m.Sizes.Context > 0; {
	case known && room < 1:
		return choice("the %d tokens in front of each window leave no room in the model's context, which holds %d", len(o.Prefix), r.m.Sizes.Context)
	case o.Chunk == 0 && known:
		o.Chunk = min(DefaultChunk, room)
	case o.Chunk == 0:
		o.Chunk = DefaultChunk
	case o.Chunk < 1 || known && o.Chunk > room:
		most := "any number"
		if known {
			most = fmt.Sprint(room)
		}
		return choice("a window cannot have %d tokens: ask for 1 to %s (%s)", o.Chunk, most, contextText(r.m, len(o.Prefix)))
	}
	for i, id := range o.Prefix {
		if id < 0 || id >= int64(r.m.Sizes.Vocab) {
			return fmt.Errorf("token %d, number %d in front of each window, is not in the vocabulary of %d", id, i, r.m.Sizes.Vocab)
		}
	}
	o.Prefix = slices.Clone(o.Prefix)
	o.Lens.Next, o.Lens.Top, o.Lens.Last = true, 1, false
	for i := range o.Chunk {
		o.Lens.Positions = append(o.Lens.Positions, len(o.Prefix)+i)
	}
	r.TextOptions = o
	// What cannot be read of the model at all should not wait for the first window.
	_, err := o.Lens.plan(r.m, len(o.Prefix)+o.Chunk)
	return err
}

// contextText says what bounds a window.
func contextText(m *model.Model, prefix int) string {
	switch {
	case m.Sizes.Context == 0:
		return "the model does not tell how many its context holds"
	case prefix > 0:
		return fmt.Sprintf("the model's context holds %d, and %d are in front of each window", m.Sizes.Context, prefix)
	}
	return fmt.Sprintf("the model's context holds %d", m.Sizes.Context)
}

// read reads window after window to the end of the text.
func (r *textReader) read(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.fill(r.Chunk + 1); err != nil {
			return err
		}
		n := min(r.Chunk, len(r.ahead))
		switch {
		case n == 0 && r.sums.windows == 0:
			return ErrNoText
		case n == 0:
			return nil
		case n == 1 && r.sums.windows == 0 && len(r.ahead) == 1:
			return ErrNoTarget
		}
		next := int64(-1)
		if n < len(r.ahead) {
			next = r.ahead[n]
		}
		if err := r.window(ctx, r.ahead[:n], next); err != nil {
			return err
		}
		r.seen = seen(r.seen, r.ahead[:n])
		r.ahead = slices.Delete(r.ahead, 0, n)
		if err := r.keep(); err != nil {
			return err
		}
		if r.Progress != nil {
			rate := float64(r.sums.tokens-r.before) / max(time.Since(r.begun).Seconds(), 1e-9)
			r.Progress(TextProgress{Tokens: r.sums.tokens, Windows: r.sums.windows, Rate: rate})
		}
	}
}

// fill takes tokens from the source until n are ahead, or there are no more.
func (r *textReader) fill(n int) error {
	r.ahead = slices.Grow(r.ahead, max(0, n-len(r.ahead)))
	for idle := 0; len(r.ahead) < n && !r.ended; {
		got, err := r.source.ReadIDs(r.ahead[len(r.ahead):n])
		for _, id := range r.ahead[len(r.ahead) : len(r.ahead)+got] {
			if id < 0 || id >= int64(r.m.Sizes.Vocab) {
				at := r.sums.tokens + int64(len(r.ahead))
				return fmt.Errorf("token %d at position %d of the text is not in the model's vocabulary, which has %d: the tokenizer belongs to another model", id, at, r.m.Sizes.Vocab)
			}
			r.ahead = append(r.ahead, id)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		r.ended = err != nil
		if idle++; got > 0 {
			idle = 0
		} else if idle > 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// window reads one window, which next follows (-1 for nothing), and adds its numbers.
func (r *textReader) window(ctx context.Context, ids []int64, next int64) error {
	o := r.Lens
	o.Positions = o.Positions[:len(ids)]
	got, err := r.passage(ctx, append(slices.Clone(r.Prefix), ids...), next, o)
	if err != nil {
		return fmt.Errorf("tokens %d to %d of the text: %w", r.sums.tokens, r.sums.tokens+int64(len(ids))-1, err)
	}
	if r.sums.windows == 0 {
		r.manifest = got.manifest
	}
	for _, w := range got.warnings {
		if !slices.Contains(r.warnings, w) {
			r.warnings = append(r.warnings, w)
		}
	}
	if err := r.sums.add(got, r.Chunk, r.m.Sizes.Vocab); err != nil {
		return err
	}
	r.countBytes(got.ids)
	return nil
}

// passage reads a window, which next follows.
func (r *textReader) passage(ctx context.Context, ids []int64, next int64, o Options) (*passage, error) {
	if !o.Fast {
		return readExact(ctx, r.m, ids, next, o, r.size)
	}
	got, err := readBefore(ctx, r.m, ids, next, o)
	if err != nil {
		return nil, err
	}
	return passageOf(got), nil
}

// countBytes adds what targets stand for.
func (r *textReader) countBytes(targets []int64) {
	for _, id := range targets {
		if id < 0 || r.bytes < 0 {
			continue
		}
		if piece := piece(r.tok, id).Bytes; piece == nil {
			r.bytes = -1
		} else {
			r.bytes += int64(len(piece))
		}
	}
}
