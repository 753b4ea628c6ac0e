package lens

import (
	"context"
	_ "embed"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed passage.py
var passageText string

var passages = torch.NewProgram("Passage", passageText)

// tileRows is how many rows of logits are read at a time: few enough for the cache, and
// enough that starting an operation costs little.
const tileRows = 8

// A passage is what the means of a text need of one window: R rows at P positions, whose
// targets are the tokens that follow.
type passage struct {
	rows        []Row
	ids         []int64      // [P] the targets; -1 where there is none
	entropy, kl []float32    // [R,P]
	logProb     []float32    // [R,P]
	rank, ties  []int64      // [R,P]
	agree, bad  []bool       // [R,P]; bad where a logit is NaN
	stats       []StatValues // [R,P]
	manifest    Manifest
	warnings    []string
}

// passageOf returns the passage of a lens with next tokens as targets.
func passageOf(r *Result) *passage {
	p := &passage{rows: r.Rows, ids: r.Targets.IDs, entropy: r.Entropy, kl: r.KL, logProb: r.Targets.LogProb, rank: r.Targets.Rank, ties: r.Targets.Ties,
		agree: r.Agree, bad: make([]bool, len(r.Agree)), stats: r.Stats, manifest: r.Manifest}
	for i, v := range r.LogSumExp {
		p.bad[i] = v != v
	}
	p.warnings = withoutOddities(r) // there are others for the text
	return p
}

// readExact reads a window in exact mode: the products are those of Read, and so are the
// definitions of what is read of them. size says how many rows of logits are read at a
// time at each length of a window, and is found by trial.
func readExact(ctx context.Context, m *model.Model, ids []int64, next int64, o Options, size map[int]int) (*passage, error) {
	if err := m.Check(ids); err != nil {
		return nil, err
	}
	p, err := o.plan(m, len(ids))
	if err != nil {
		return nil, err
	}
	r := &passageReader{reader: &reader{plan: p, m: m, ids: ids, next: next}, size: size}
	defer r.scope.Close()
	if err := m.Hold(ctx, func(s model.Session) error { return r.read(ctx, s) }); err != nil {
		return nil, err
	}
	return r.got, nil
}

// passageReader is one readExact under way.
type passageReader struct {
	*reader
	size map[int]int
	got  *passage

	following *torch.Tensor // the next token at each position, [T,1]
}

func (r *passageReader) read(ctx context.Context, s model.Session) error {
	s, err := r.session(s, r.length())
	if err != nil {
		return err
	}
	run, err := s.Trunk(r.ids, r.captures())
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, run)
	if err := r.prepare(); err != nil {
		return err
	}
	// A last position without a next token reads id 0, and is blanked at the end.
	after := append(slices.Clone(r.ids[1:]), max(0, r.next))
	if r.following, err = r.upload(after, int64(len(after)), 1); err != nil {
		return err
	}
	T := r.length()
	if r.size[T] > 0 && r.inParts(s) {
		return r.readParts(ctx, s, run)
	}
	own, err := s.Head(run.Results[0])
	if err != nil {
		return err
	}
	defer own.Close()
	if err := r.try(own); err != nil {
		return err
	}
	if r.inParts(s) {
		own.Close()
		return r.readParts(ctx, s, run)
	}
	final, err := passages.Call("log_softmax", own)
	if err != nil {
		return err
	}
	r.final = torch.Keep(&r.scope, final[0])
	return r.readRows(ctx, s, run, own)
}

// readRows reads row after row, the last one first: it is the model's own output as a rule,
// whose logits then need not be kept.
func (r *passageReader) readRows(ctx context.Context, s model.Session, run *hooks.Run, own *torch.Tensor) error {
	last, err := r.scores(own)
	if err != nil {
		return err
	}
	each := make([]*scores, len(r.rows))
	for n := len(r.rows) - 1; n >= 0; n-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.isOwn(n) {
			each[n] = last
			continue
		}
		own.Close()
		h, err := r.rowState(&r.scope, s, n, run)
		if err != nil {
			return err
		}
		x, err := s.Head(h)
		if err != nil {
			return err
		}
		each[n], err = r.scores(x)
		x.Close()
		r.trim() // the next row must not come on top of what this one left
		if err != nil {
			return err
		}
	}
	return r.join(each, last)
}

// try finds out, for a length of windows, whether the numbers of tiles have the bits that
// they have when all rows are read at once. Which order a sum has depends on the shape
// alone, so that one trial is enough.
func (r *passageReader) try(own *torch.Tensor) error {
	T := r.length()
	if r.size[T] > 0 {
		return nil
	}
	r.size[T] = T
	if T <= tileRows {
		return nil
	}
	out, err := passages.Call("serves", own, tileRows)
	if err != nil {
		return err
	}
	defer out[0].Close()
	yes, err := torch.Values[bool](out[0])
	if err == nil && yes[0] {
		r.size[T] = tileRows
	}
	return err
}

// join puts the rows' scores at the plan's positions side by side.
func (r *passageReader) join(each []*scores, own *scores) error {
	p := &passage{rows: r.rows, ids: r.out.Targets.IDs}
	for i, s := range r.Stats {
		v := StatValues{Stat: s}
		for _, row := range each {
			v.Values = append(v.Values, row.stats[i]...)
		}
		p.stats = append(p.stats, v)
	}
	for _, s := range each {
		for _, at := range r.positions {
			p.entropy, p.kl, p.logProb = append(p.entropy, s.entropy[at]), append(p.kl, s.kl[at]), append(p.logProb, s.logProb[at])
			p.rank, p.ties = append(p.rank, s.rank[at]), append(p.ties, s.ties[at])
			p.agree, p.bad = append(p.agree, s.best[at] == own.best[at] && !s.bad[at] && !own.bad[at]), append(p.bad, s.bad[at])
		}
	}
	if err := r.name(); err != nil {
		return err
	}
	p.manifest, p.warnings = r.out.Manifest, r.out.Warnings
	r.got = p
	return nil
}
