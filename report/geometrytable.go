package report

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
)

// GeometryTable returns a line for each state: the variance of the token at a
// position, how like the state before it is there where that is known, and the
// spread of the similarities of all pairs of tokens.
func GeometryTable(g *lens.Geometry, position int) *figure.Table {
	T := len(g.Tokens)
	t := &figure.Table{Columns: []figure.TableColumn{
		{Head: "state"}, {Head: "point"}, {Head: "variance", Right: true}, {Head: "likeness", Right: true},
		{Head: "lowest", Right: true}, {Head: "median", Right: true}, {Head: "highest", Right: true},
	}, Notes: []string{
		fmt.Sprintf("variance of token %d, %s, and its cosine similarity with the state before; lowest to highest: that of all pairs of tokens but the first", position, TokenText(g.Tokens[position])),
	}}
	at := slices.Index(g.Positions, position)
	R := len(g.Rows)
	for i, row := range g.Rows {
		last := "" // of the embedding, or of a token that was not compared
		if i > 0 && at >= 0 {
			last = similar(g.CosLayers[(at*R+i)*R+i-1])
		}
		line := []string{row.Label, row.Point, strconv.FormatFloat(float64(g.Variance[i*T+position]), 'g', 4, 32), last}
		t.Rows = append(t.Rows, append(line, quantiles(g.Laminar[i])...))
	}
	return t
}

// quantiles returns the least, the middle and the largest of the values, empty
// texts where there are none.
func quantiles(v []float32) []string {
	if len(v) == 0 {
		return []string{"", "", ""}
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return []string{similar(s[0]), similar(s[len(s)/2]), similar(s[len(s)-1])}
}

func similar(v float32) string { return strconv.FormatFloat(float64(v), 'f', 3, 32) }
