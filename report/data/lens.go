package data

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/golens/golens/lens"
)

// Lens returns a lens's arrays in the order of Fields, with its tokens, targets and manifest,
// and as a table a line for each cell and candidate, and for each cell and target.
func Lens(r *lens.Result) (*Bundle, error) {
	arrays, err := lensArrays(r)
	if err != nil {
		return nil, err
	}
	if err := Check(r); err != nil {
		return nil, err
	}
	b := &Bundle{Arrays: arrays, Pieces: []Member{}, Table: lensTable(r)}
	add := func(name string, value any) { b.Members = append(b.Members, Member{Name: name, Value: value}) }
	object := func(name string, value any) {
		b.Members = append(b.Members, Member{Name: name, Value: value, Object: true})
	}
	add("format", LensFormat)
	add("name", Valid(r.Name))
	add("prompt", Valid(r.Prompt))
	if !utf8.ValidString(r.Prompt) {
		add("prompt_bytes", []byte(r.Prompt))
	}
	object("manifest", r.Manifest)
	if r.Written != nil {
		object("generation", GenerationOf(r))
	}
	add("warnings", texts(r.Warnings))
	add("tokens", list(r.Tokens, func(t lens.Token) any { return PieceOf(t, true) }))
	add("layers", list(r.Rows, func(row lens.Row) any { return LayerOf(row) }))
	if r.Targets != nil {
		add("targets", TargetsOf(r))
	}
	if r.Joint != nil {
		add("joint", JointOf(r.Joint))
	}
	for _, id := range slices.Sorted(maps.Keys(r.Pieces)) {
		b.Pieces = append(b.Pieces, Member{Name: strconv.FormatInt(id, 10), Value: PieceOf(r.Pieces[id], false)})
	}
	return b, nil
}
