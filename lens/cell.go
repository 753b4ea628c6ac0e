package lens

import "iter"

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
