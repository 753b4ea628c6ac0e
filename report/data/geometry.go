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

// GeometryArrays documents what Geometry returns.
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

// Geometry returns g's arrays. The states are large, which JSON has on request only.
func Geometry(g *lens.Geometry) *Bundle {
	R, T := len(g.Rows), len(g.Tokens)
	n, m := len(g.Positions), len(g.Chosen)
	arrays := []Array{
		newArray("ids", tokenIDs(g.Tokens), T),
		newArray("variance", g.Variance, R, T),
		newArray("positions", widen(g.Positions), n),
		newArray("cos_layers", g.CosLayers, n, R, R),
		newArray("rows", widen(g.Chosen), m),
		newArray("cos_tokens", g.CosTokens, m, T, T),
	}
	for i, v := range g.Laminar {
		arrays = append(arrays, newArray(fmt.Sprintf("laminar_%d", i), v, len(v)))
	}
	arrays = append(arrays, Array{Name: "hidden", Dims: []int{R, T, g.Width}, Values: g.Hidden, Large: true})
	return NewBundle(GeometryFormat, "hidden", []string{g.Prompt}, g.Manifest, g.Warnings, arrays...)
}
