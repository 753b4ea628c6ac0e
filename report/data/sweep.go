package data

import (
	"math"
	"strconv"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/sweep"
)

// SweepFormat is the layout of a sweep's files.
const SweepFormat = "golens-sweep-1"

// sweepManifest is what made a sweep: the lens's manifest, and what was asked.
type sweepManifest struct {
	lens.Manifest
	Plan sweepPlan `json:"plan"`
}

type sweepPlan struct {
	Digest  string        `json:"digest"`
	Changes []string      `json:"changes"`
	Groups  []sweep.Group `json:"groups,omitempty"`
	Places  []sweep.Place `json:"places"`
	Words   []string      `json:"words,omitempty"`
	Targets []Piece       `json:"targets,omitempty"` // the token of each word
	Next    bool          `json:"next"`
	Metrics []sweepMetric `json:"metrics"`
	Tokens  []Piece       `json:"tokens"`
}

type sweepMetric struct {
	Kind  sweep.Kind  `json:"kind"`
	Array string      `json:"array"`
	Words []sweepWord `json:"words,omitempty"` // of diff
}

type sweepWord struct {
	Text  string `json:"text"`
	ID    int64  `json:"id"`
	Token *Piece `json:"token,omitempty"`
}

// sweepPiece returns the token of a target.
func sweepPiece(r *sweep.Result, id int64) lens.Token {
	return lens.Token{ID: id, Bytes: r.Pieces[id].Bytes}
}

// sweepArray is the name of a metric's array; there may be several of diff.
func sweepArray(r *sweep.Result, n int) string {
	name := string(r.Series[n].Metric.Kind)
	before := 0
	for _, s := range r.Series[:n] {
		if s.Metric.Kind == r.Series[n].Metric.Kind {
			before++
		}
	}
	if before > 0 {
		name += "_" + strconv.Itoa(before)
	}
	return name
}

// cleanArray is the name of the array of the run without a change.
func cleanArray(name string) string {
	if name == string(sweep.LogProb) {
		return "clean"
	}
	return "clean_" + name
}

// Sweep returns a sweep's arrays, F changes by B places, with what made them, and as a
// table a line for each run, metric and target: see docs/interventions.md.
func Sweep(r *sweep.Result) *Bundle {
	p := sweepPlan{Digest: r.Digest, Changes: r.Changes, Groups: r.Groups, Places: r.Places, Words: r.Words, Next: r.Next}
	for _, t := range r.Tokens {
		p.Tokens = append(p.Tokens, PieceOf(t, true))
	}
	for n := range r.Words {
		p.Targets = append(p.Targets, PieceOf(sweepPiece(r, r.IDs[n]), true))
	}
	F, B := len(r.Changes), len(r.Places)
	factors, blocks, heads := make([]float32, F), make([]int64, B), make([]int64, B)
	for i, f := range r.Factors {
		factors[i] = float32(f)
	}
	for i, place := range r.Places {
		blocks[i], heads[i] = int64(place.Block), int64(place.Head)
	}
	arrays := []Array{
		newArray("ids", tokenIDs(r.Tokens), len(r.Tokens)),
		newArray("factors", factors, F),
		newArray("blocks", blocks, B),
		newArray("heads", heads, B),
		newArray("target_ids", append([]int64{}, r.IDs...), len(r.IDs)),
		newArray("done", r.Done, F, B),
	}
	if r.IsOdd() {
		width := []int{F, B}
		if r.Next {
			width = append(width, len(r.IDs))
		}
		arrays = append(arrays, newArray("odd", r.Odd, width...))
	}
	for n := range r.Series {
		s := &r.Series[n]
		name := sweepArray(r, n)
		m := sweepMetric{Kind: s.Metric.Kind, Array: name}
		if s.Metric.Kind == sweep.Diff {
			for _, w := range s.Metric.Diff {
				piece := PieceOf(sweepPiece(r, w.ID), false)
				m.Words = append(m.Words, sweepWord{w.Text, w.ID, &piece})
			}
		}
		p.Metrics = append(p.Metrics, m)
		width := []int{s.W}
		if !r.Next && !s.Metric.Kind.OfTargets() {
			width = nil
		}
		arrays = append(arrays, newArray(cleanArray(name), s.Clean, width...), newArray(name, s.Values, append([]int{F, B}, width...)...))
		if len(r.Groups) > 0 {
			mean, sd := []float32{}, []float32{}
			for _, g := range r.Groups {
				m, d := s.Spread(r, g)
				mean, sd = append(mean, m...), append(sd, d...)
			}
			shape := append([]int{len(r.Groups), B}, width...)
			arrays = append(arrays, newArray("mean_"+name, mean, shape...), newArray("sd_"+name, sd, shape...))
		}
		if s.Other != nil {
			arrays = append(arrays, newArray("other_"+name, s.Other, width...), newArray("recovery_"+name, s.Recovery(), append([]int{F, B}, width...)...))
		}
	}
	b := NewBundle(SweepFormat, "sweep", []string{r.Prompt}, sweepManifest{r.Manifest, p}, r.Warnings, arrays...)
	b.Table = &Table{sweepColumns, func(write func([]string)) { sweepLines(r, write) }}
	return b
}

var sweepColumns = []string{"change", "factor", "point", "label", "site", "block", "head", "metric", "target_id", "target", "value", "clean", "recovery", "odd"}

// sweepLines writes a line for every run, metric and target, whose text is escaped as in a
// lens's table.
func sweepLines(r *sweep.Result, write func([]string)) {
	for f, change := range r.Changes {
		for b, p := range r.Places {
			if !r.Done[f*len(r.Places)+b] {
				continue
			}
			head, factor := "", ""
			if p.Head >= 0 {
				head = strconv.Itoa(p.Head)
			}
			if !math.IsNaN(r.Factors[f]) {
				factor = strconv.FormatFloat(r.Factors[f], 'g', -1, 64)
			}
			for i := range r.Series {
				s := &r.Series[i]
				recovery := s.Recovery()
				for n, v := range s.At(r, f, b) {
					id, word := "", ""
					if r.Next || s.Metric.Kind.OfTargets() {
						id, word = strconv.FormatInt(r.IDs[n], 10), sweepWordText(r, n)
					}
					odd := r.OddAt(f, b)[0]
					if r.Next {
						odd = r.OddAt(f, b)[n]
					}
					back := ""
					if recovery != nil {
						back = string(appendFloat(nil, recovery[(f*len(r.Places)+b)*s.W+n]))
					}
					write([]string{change, factor, p.Point, p.Label, string(p.Site), strconv.Itoa(p.Block), head, s.Metric.Name(), id, word,
						string(appendFloat(nil, v)), string(appendFloat(nil, s.Clean[n])), back, strconv.FormatInt(odd, 10)})
				}
			}
		}
	}
}

// sweepWordText returns the n-th target escaped, as CSV has token text.
func sweepWordText(r *sweep.Result, n int) string {
	if r.Next {
		return visible.Escape(r.Tokens[n+1].Bytes)
	}
	return visible.Escape([]byte(r.Words[n]))
}
