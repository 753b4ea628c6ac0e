package report

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
)

// GeometryFormat is the value of "format" in the files of a geometry.
const GeometryFormat = "golens-hidden-1"

// An ArrayDoc documents an array of a Bundle.
type ArrayDoc struct {
	Name, DType, Shape, Meaning string
}

// GeometryArrays documents what GeometryBundle returns.
var GeometryArrays = []ArrayDoc{
	{"ids", "int64", "[T]", "the prompt's tokens"},
	{"variance", "float32", "[R,T]", "the unbiased variance of the C activations of each state and token"},
	{"positions", "int64", "[n]", "the tokens of `cos_layers`"},
	{"cos_layers", "float32", "[n,R,R]", "cosine similarity of all pairs of states of a token"},
	{"rows", "int64", "[m]", "the states of `cos_tokens`: 0 is the embedding, i the state after block i-1"},
	{"cos_tokens", "float32", "[m,T,T]", "cosine similarity of all pairs of tokens in a state"},
	{"laminar_0 .. laminar_L", "float32", "[(T-1)(T-2)/2]", "for each state the similarities of all pairs of tokens but the first token, row by row"},
	{"hidden", "float32", "[R,T,C]", "the states as Hugging Face's hidden_states: the last is normed (in JSON on request)"},
}

// GeometryBundle returns g for NPZ and JSON, the states too where hidden says so.
func GeometryBundle(g *lens.Geometry, hidden bool) *Bundle {
	R, T := len(g.Rows), len(g.Tokens)
	n, m := len(g.Positions), len(g.Chosen)
	b := &Bundle{Format: GeometryFormat, Name: "hidden", Prompts: []string{g.Prompt}, Manifest: g.Manifest, Warnings: g.Warnings, Arrays: []NamedArray{
		{"ids", []int{T}, tokenIDs(g.Tokens)},
		{"variance", []int{R, T}, g.Variance},
		{"positions", []int{n}, widen(g.Positions)},
		{"cos_layers", []int{n, R, R}, g.CosLayers},
		{"rows", []int{m}, widen(g.Chosen)},
		{"cos_tokens", []int{m, T, T}, g.CosTokens},
	}}
	for i, v := range g.Laminar {
		b.Arrays = append(b.Arrays, NamedArray{fmt.Sprintf("laminar_%d", i), []int{len(v)}, v})
	}
	if hidden {
		b.Arrays = append(b.Arrays, NamedArray{"hidden", []int{R, T, g.Width}, g.Hidden})
	}
	return b
}

// GeometryTable returns a line for each state: the variance of the token at a
// position, how like the state before it is there where that is known, and the
// spread of the similarities of all pairs of tokens.
func GeometryTable(g *lens.Geometry, position int) *figure.Table {
	T := len(g.Tokens)
	t := &figure.Table{Columns: []figure.TableColumn{
		{Head: "state"}, {Head: "point"}, {Head: "variance", Right: true}, {Head: "likeness", Right: true},
		{Head: "lowest", Right: true}, {Head: "median", Right: true}, {Head: "highest", Right: true},
	}, Notes: []string{
		fmt.Sprintf("variance of token %d, %s, and its cosine similarity with the state before; lowest to highest: that of all pairs of tokens but the first", position, tokenText(g.Tokens[position])),
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
