package data

import (
	"slices"
	"strconv"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
)

// A Column is one column of the CSV files.
type Column struct {
	Name, Meaning string
	value         func(c *line) string
}

// Columns is the table of the CSV files' columns, in order.
var Columns = []Column{
	{"name", "the prompt's name where several are read, else empty", func(c *line) string { return visible.Escape([]byte(c.r.Name)) }},
	{"row", "the state: 0 is the embedding, i the state after block i-1", func(c *line) string { return strconv.Itoa(c.row.Index) }},
	{"point", "the hook point whose output was read", func(c *line) string { return visible.Escape([]byte(c.row.Point)) }},
	{"label", "the row's short name", func(c *line) string { return visible.Escape([]byte(c.row.Label)) }},
	{"position", "position in the prompt, from 0", func(c *line) string { return strconv.Itoa(c.position) }},
	{"token_id", "id of the prompt's token there", func(c *line) string { return strconv.FormatInt(c.token().ID, 10) }},
	{"token", "its text, escaped", func(c *line) string { return visible.Escape(c.token().Bytes) }},
	{"kind", "`top` for one of the likeliest next tokens, `target` for a target, `joint_token` for a token of a whole target, `joint` for all of it", func(c *line) string { return c.kind }},
	{"rank", "its rank in the cell, from 1; of a target 1 + the number of larger logits, the last for NaN", func(c *line) string { return c.rank }},
	{"ties", "targets: the number of other tokens with the same logit", func(c *line) string { return c.ties }},
	{"id", "id of the candidate or target", func(c *line) string {
		if c.kind == "joint" {
			return ""
		}
		return strconv.FormatInt(c.id, 10)
	}},
	{"piece", "its text, escaped", func(c *line) string { return visible.Escape(c.piece) }},
	{"logit", "candidates: its logit", func(c *line) string { return c.logit }},
	{"prob", "its probability", func(c *line) string { return c.prob }},
	{"logprob", "targets: its log-probability in nats, behind the tokens before it", func(c *line) string { return c.logprob }},
	{"entropy", "of the cell, in nats", func(c *line) string { return at(c.r.Entropy, c.cell) }},
	{"logsumexp", "of the cell, in nats", func(c *line) string { return at(c.r.LogSumExp, c.cell) }},
	{"kl", "of the cell, from the row to the model's own output, in nats", func(c *line) string { return at(c.r.KL, c.cell) }},
	{"agree", "of the cell: whether its likeliest token is the model's own", func(c *line) string {
		if c.cell < 0 || c.cell >= len(c.r.Agree) {
			return ""
		}
		return strconv.FormatBool(c.r.Agree[c.cell])
	}},
}

// A line is what the columns of one line are made from.
type line struct {
	r        *lens.Result
	row      lens.Row
	position int
	cell     int // index into arrays of [R,P], -1 at a target's position that was not read
	kind     string
	id       int64
	piece    []byte
	before   *lens.Token // the token at the position, where the prompt has none

	rank, ties, logit, prob, logprob string
	target                           int // index into arrays of targets, -1 on other lines
}

func (c *line) token() lens.Token {
	if c.before != nil {
		return *c.before
	}
	return c.r.Tokens[c.position]
}

// at returns the i-th number of values, or nothing where there is none.
func at(values []float32, i int) string {
	if i < 0 || i >= len(values) {
		return ""
	}
	return string(appendFloat(nil, values[i]))
}

// atInt is at for whole numbers.
func atInt(values []int64, i int) string {
	if i < 0 || i >= len(values) {
		return ""
	}
	return strconv.FormatInt(values[i], 10)
}

// statColumn returns the column of a statistic, empty on lines that it says nothing of.
func statColumn(s lens.Stat) Column {
	return Column{s.Name, s.Doc, func(c *line) string {
		i := c.cell
		if s.OfTargets {
			i = c.target
		}
		if v := c.r.StatNamed(s.Name); v != nil {
			return at(v.Values, i)
		}
		return ""
	}}
}

// lensTable returns the lines of r: one for each cell and candidate, and one for each cell
// and target. Its statistics have the last columns.
func lensTable(r *lens.Result) *Table {
	t, columns := &Table{}, slices.Clone(Columns)
	for _, s := range r.Stats {
		columns = append(columns, statColumn(s.Stat))
	}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.Name)
	}
	t.Lines = func(write func([]string)) {
		c := &lensLines{write, columns, make([]string, len(columns))}
		for i, row := range r.Rows {
			for j, position := range r.Positions {
				c.candidates(line{r: r, row: row, position: position, cell: i*len(r.Positions) + j, target: -1})
			}
			c.targets(line{r: r, row: row}, i)
			c.joint(line{r: r, row: row, cell: -1, target: -1}, i)
		}
	}
	return t
}

type lensLines struct {
	write   func([]string)
	columns []Column
	fields  []string
}

func (c *lensLines) candidates(l line) {
	if l.r.TopIDs == nil {
		return
	}
	l.kind = "top"
	for k := range l.r.K {
		n := l.cell*l.r.K + k
		l.rank, l.id = strconv.Itoa(k+1), l.r.TopIDs[n]
		l.piece = l.r.Pieces[l.id].Bytes
		l.logit, l.prob = at(l.r.TopLogits, n), at(l.r.TopProbs, n)
		c.line(&l)
	}
}

// targets adds what row i says of the targets.
func (c *lensLines) targets(l line, i int) {
	r, t := l.r, l.r.Targets
	if t == nil {
		return
	}
	l.kind = "target"
	for q, position := range t.Positions {
		l.position, l.cell = position, -1
		if j := slices.Index(r.Positions, position); j >= 0 {
			l.cell = i*len(r.Positions) + j
		}
		ids := t.IDs
		if t.Next {
			ids = t.IDs[q : q+1]
		}
		for k, id := range ids {
			if id < 0 {
				continue
			}
			n := (i*len(t.Positions)+q)*len(ids) + k
			l.piece, l.target = r.Pieces[id].Bytes, n
			l.id, l.rank, l.ties = id, atInt(t.Rank, n), atInt(t.Ties, n)
			l.prob, l.logprob = at(t.Prob, n), at(t.LogProb, n)
			c.line(&l)
		}
	}
}

// joint adds what row i says of whole targets: a line for each token, at the position
// where it is read, and then one for the target.
func (c *lensLines) joint(l line, i int) {
	j := l.r.Joint
	if j == nil {
		return
	}
	from := 0
	for w, n := range j.Lengths {
		for k := from; k < from+n; k++ {
			l.kind, l.id, l.piece, l.logprob = "joint_token", j.Tokens[k].ID, j.Tokens[k].Bytes, at(j.TokenLogProb, i*len(j.Tokens)+k)
			if l.position, l.before = len(l.r.Tokens)-1+k-from, nil; k > from {
				l.before = &j.Tokens[k-1]
			}
			c.line(&l)
		}
		l.kind, l.piece, l.logprob = "joint", []byte(j.Words[w]), at(j.LogProb, i*len(j.Words)+w)
		l.position, l.before = len(l.r.Tokens)-1, nil
		c.line(&l)
		from += n
	}
}

func (c *lensLines) line(l *line) {
	for i, col := range c.columns {
		c.fields[i] = col.value(l)
	}
	c.write(c.fields)
}
