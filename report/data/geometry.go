package data

import (
	"fmt"

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
		{"ids", []int{T}, TokenIDs(g.Tokens)},
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
