package lens

import (
	"iter"
	"math"
	"slices"
)

// A Cell is one row of a result at one position, by their indices in Rows and Positions.
type Cell struct {
	r        *Result
	Row, Pos int
}

// A Candidate is one of the likeliest tokens of a cell.
type Candidate struct {
	Token
	Logit, Prob float32
}

// Cell returns the cell of Rows[row] at Positions[pos].
func (r *Result) Cell(row, pos int) Cell { return Cell{r, row, pos} }

// Cells gives all cells, row by row.
func (r *Result) Cells() iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		for i := range r.Rows {
			for p := range r.Positions {
				if !yield(r.Cell(i, p)) {
					return
				}
			}
		}
	}
}

func (c Cell) index() int { return c.Row*len(c.r.Positions) + c.Pos }

func (c Cell) Entropy() float32   { return c.r.Entropy[c.index()] }
func (c Cell) LogSumExp() float32 { return c.r.LogSumExp[c.index()] }
func (c Cell) KL() float32        { return c.r.KL[c.index()] }
func (c Cell) Agree() bool        { return c.r.Agree[c.index()] }

// Top returns the cell's candidates, the likeliest first.
func (c Cell) Top() []Candidate {
	var out []Candidate
	for n := c.index() * c.r.K; n < (c.index()+1)*c.r.K; n++ {
		t := c.r.Pieces[c.r.TopIDs[n]]
		t.ID = c.r.TopIDs[n]
		out = append(out, Candidate{t, c.r.TopLogits[n], c.r.TopProbs[n]})
	}
	return out
}

// Layer returns the cell's row.
func (c Cell) Layer() Row { return c.r.Rows[c.Row] }

// Position returns the cell's position in the prompt.
func (c Cell) Position() int { return c.r.Positions[c.Pos] }

// A Score is what a cell says of a target.
type Score struct {
	Token
	LogProb, Prob float32
	Rank, Ties    int64
}

// Targets returns the scores of the cell's targets, in the order in which they were asked for. It
// is empty where none were read at the cell's position.
func (c Cell) Targets() []Score {
	t := c.r.Targets
	if t == nil {
		return nil
	}
	at := slices.Index(t.Positions, c.Position())
	if at < 0 || t.Next && t.IDs[at] < 0 {
		return nil
	}
	var out []Score
	for n := range t.N {
		id := t.IDs[n]
		if t.Next {
			id = t.IDs[at]
		}
		i := (c.Row*len(t.Positions)+at)*t.N + n
		piece := c.r.Pieces[id]
		piece.ID = id
		out = append(out, Score{piece, t.LogProb[i], t.Prob[i], t.Rank[i], t.Ties[i]})
	}
	return out
}

// Stat returns the value of a statistic of cells that was asked for, and NaN for another.
func (c Cell) Stat(name string) float32 {
	if s := c.r.StatNamed(name); s != nil && !s.OfTargets {
		return s.Values[c.index()]
	}
	return float32(math.NaN())
}
