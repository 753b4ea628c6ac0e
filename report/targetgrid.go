package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
)

// TargetGrid returns the rank and the log-probability of every target by layer,
// shaded by its probability: a column for each word and position, or for each
// next token of the text. It returns nil where there are none.
func TargetGrid(r *lens.Result, o GridOptions) (*figure.Grid, error) {
	if err := data.Check(r); err != nil {
		return nil, err
	}
	t := r.Targets
	if t == nil {
		return nil, nil
	}
	if t.Rank == nil || t.LogProb == nil || t.Prob == nil {
		return nil, fmt.Errorf("report: the targets of %s lack rank or probability", data.Describe(r))
	}
	g := &figure.Grid{
		Title:  "targets: rank and log-probability in nats",
		Corner: "layer",
		Scale: figure.Scale{
			Name: "probability", Number: "log-probability", Always: true,
			Ticks: []figure.Tick{{At: 0, Text: "0"}, {At: 0.5, Text: "0.5"}, {At: 1, Text: "1"}},
		},
	}
	var offsets []int // of each column within a row of the arrays
	stride := len(t.Positions)
	if t.Next {
		for q, id := range t.IDs {
			if id < 0 || !isNew(r, t.Positions[q]) {
				continue
			}
			g.Columns = append(g.Columns, figure.Head{Text: piece(r, id), Note: "after " + strconv.Itoa(t.Positions[q])})
			offsets = append(offsets, q)
		}
	} else {
		stride *= t.N
		for q, p := range t.Positions {
			for n := range t.IDs {
				g.Columns = append(g.Columns, figure.Head{Text: wordName(r, n), Note: "after " + strconv.Itoa(p)})
				offsets = append(offsets, q*t.N+n)
			}
		}
	}
	if len(g.Columns) == 0 {
		return nil, nil // a text of one token has no next one
	}
	tied := false
	for _, i := range rowOrder(r, o) {
		g.Rows = append(g.Rows, figure.Head{Text: visible.Name(r.Rows[i].Label), Note: visible.Name(r.Rows[i].Point)})
		for _, at := range offsets {
			k := i*stride + at
			c := figure.Cell{
				Text:   strconv.FormatInt(t.Rank[k], 10),
				Number: decimal(float64(t.LogProb[k])),
				Value:  max(0, min(1, float64(t.Prob[k]))),
			}
			if t.Ties != nil && t.Ties[k] > 0 {
				c.Text += "="
				tied = true
			}
			g.Cells = append(g.Cells, c)
		}
	}
	g.Notes = targetNotes(r)
	if tied {
		g.Notes = append(g.Notes, "= other tokens have the same logit")
	}
	return g, nil
}

// targetNotes say which token each target word is.
func targetNotes(r *lens.Result) []string {
	if r.Targets == nil || r.Targets.Next {
		return nil
	}
	var each []string
	for n, word := range r.Targets.Words {
		each = append(each, targetNote(word, piece(r, r.Targets.IDs[n]), r.Targets.IDs[n]))
	}
	return []string{strings.Join(each, "; ")}
}

// targetNote says which token a target is: "Rome is ·Rome (10598)".
func targetNote(word, piece string, id int64) string {
	return fmt.Sprintf("%s is %s (%d)", visible.Text([]byte(word)), piece, id)
}

// JointGrid returns the log-probabilities of whole targets by layer, shaded by probability: a
// column for each token, and one for each target of several. It returns nil where there are
// none.
func JointGrid(r *lens.Result, o GridOptions) (*figure.Grid, error) {
	if err := data.Check(r); err != nil {
		return nil, err
	}
	j := r.Joint
	if j == nil || len(j.Words) == 0 {
		return nil, nil
	}
	g := &figure.Grid{Title: "whole targets: log-probability in nats", Corner: "layer",
		Scale: figure.Scale{Name: "probability", Number: "log-probability", Ticks: []figure.Tick{{At: 0, Text: "0"}, {At: 0.5, Text: "0.5"}, {At: 1, Text: "1"}}}}
	last := len(r.Tokens) - 1
	k := 0
	for w, n := range j.Lengths {
		for i := range n {
			g.Columns = append(g.Columns, figure.Head{Text: TokenText(j.Tokens[k+i]), Note: "after " + strconv.Itoa(last+i)})
		}
		if n > 1 {
			g.Columns = append(g.Columns, figure.Head{Text: visible.Text([]byte(j.Words[w])), Note: "all " + strconv.Itoa(n)})
		}
		var ids []string
		for _, t := range j.Tokens[k : k+n] {
			ids = append(ids, fmt.Sprintf("%s (%d)", TokenText(t), t.ID))
		}
		g.Notes = append(g.Notes, visible.Text([]byte(j.Words[w]))+" is "+strings.Join(ids, ", "))
		k += n
	}
	cell := func(v float32) {
		g.Cells = append(g.Cells, figure.Cell{Text: decimal(float64(v)), Value: max(0, min(1, math.Exp(float64(v))))})
	}
	for _, i := range rowOrder(r, o) {
		g.Rows = append(g.Rows, figure.Head{Text: visible.Name(r.Rows[i].Label), Note: visible.Name(r.Rows[i].Point)})
		each := j.TokenLogProb[i*len(j.Tokens) : (i+1)*len(j.Tokens)]
		for w, n := range j.Lengths {
			for _, v := range each[:n] {
				cell(v)
			}
			if each = each[n:]; n > 1 {
				cell(j.LogProb[i*len(j.Words)+w])
			}
		}
	}
	return g, nil
}

// wordName returns the n-th target word as its first token, which is what the
// numbers speak of.
func wordName(r *lens.Result, n int) string {
	return piece(r, r.Targets.IDs[n])
}
