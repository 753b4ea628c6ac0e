package data

import (
	"strings"
	"unicode/utf8"

	"github.com/golens/golens/lens"
)

// A Piece is a token in JSON.
type Piece struct {
	ID    *int64 `json:"id,omitempty"`
	Text  string `json:"text"`
	Bytes []byte `json:"bytes,omitempty"` // base64, only where Text is not lossless
}

// A Layer is a row of a lens in JSON.
type Layer struct {
	Row   int    `json:"row"`
	Point string `json:"point"`
	Label string `json:"label"`
}

// Targets are the targets of a lens in JSON.
type Targets struct {
	Next   bool     `json:"next"`
	Words  []string `json:"words,omitempty"`
	Tokens []Piece  `json:"tokens,omitempty"`
}

// TargetsOf returns the targets of r, which has some.
func TargetsOf(r *lens.Result) Targets {
	t := Targets{Next: r.Targets.Next, Words: validAll(r.Targets.Words)}
	if t.Next {
		return t
	}
	for _, id := range r.Targets.IDs {
		t.Tokens = append(t.Tokens, PieceOf(lens.Token{ID: id, Bytes: r.Pieces[id].Bytes}, true))
	}
	return t
}

// A Joint holds the whole targets of a lens in JSON.
type Joint struct {
	Words  []string `json:"words"`
	Tokens []Piece  `json:"tokens"`
}

// JointOf returns whole targets.
func JointOf(j *lens.Joint) Joint {
	out := Joint{Words: validAll(j.Words)}
	for _, t := range j.Tokens {
		out.Tokens = append(out.Tokens, PieceOf(t, true))
	}
	return out
}

func validAll(texts []string) []string {
	var out []string
	for _, s := range texts {
		out = append(out, Valid(s))
	}
	return out
}

// LayerOf returns a row.
func LayerOf(r lens.Row) Layer { return Layer{r.Index, r.Point, r.Label} }

// PieceOf returns a token, with its id or without.
func PieceOf(t lens.Token, withID bool) Piece {
	p := Piece{Text: Valid(string(t.Bytes))}
	if withID {
		p.ID = &t.ID
	}
	if !utf8.Valid(t.Bytes) {
		p.Bytes = t.Bytes
	}
	return p
}

// Valid returns s with U+FFFD for each run of bytes that is not UTF-8.
func Valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
