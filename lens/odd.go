package lens

import (
	"fmt"
	"math"
	"slices"
)

// Oddities counts readings whose logits are not all finite numbers, for the warnings of a
// result. A reading is what is read at one position: a cell of a lens, or a run of a sweep.
type Oddities struct {
	Readings string // what a reading is called, in the plural
	Total    int64  // readings
	NaN      Oddity // a logit is NaN
	Infinite Oddity // no logit is NaN, and one is infinite
	KL       Oddity // all logits are finite, and the KL divergence is NaN: the other side's are not
}

// An Oddity counts the readings of one kind, and says where the first of them is.
type Oddity struct {
	Count int64
	First string
}

// Add counts one reading. Where is called for the first one.
func (o *Oddity) Add(where func() string) {
	if o.Count == 0 {
		o.First = where()
	}
	o.Count++
}

// addCell counts a cell by its statistics. An infinite logit makes the entropy NaN, as in
// PyTorch: of minus infinity it is 0 times infinity.
func (o *Oddities) addCell(hasNaN bool, entropy, kl float32, where func() string) {
	o.Total++
	switch {
	case hasNaN:
		o.NaN.Add(where)
	case entropy != entropy:
		o.Infinite.Add(where)
	case kl != kl:
		o.KL.Add(where)
	}
}

// addResult counts the cells of r.
func (o *Oddities) addResult(r *Result) {
	P := len(r.Positions)
	for i, lse := range r.LogSumExp {
		o.addCell(lse != lse, r.Entropy[i], r.KL[i], func() string {
			return cellName(r.Rows[i/P], int64(r.Positions[i%P]))
		})
	}
}

func cellName(row Row, position int64) string {
	return fmt.Sprintf("layer %s, position %d", row.Label, position)
}

// Warnings returns a sentence for each kind that occurs: how many, where the first is, what
// that makes of the numbers, why, and what to do. V is the size of the vocabulary;
// interventions are those of the manifest.
func (o *Oddities) Warnings(V int, interventions []string) []string {
	why := causeOfNaN(interventions)
	var out []string
	more := ""
	if o.KL.Count > 0 {
		more = fmt.Sprintf(", and so is KL in %d more", o.KL.Count)
	}
	say := func(k Oddity, what, then string) {
		if k.Count > 0 {
			out = append(out, fmt.Sprintf("%d of %d %s have %s, the first in %s: %s; %s", k.Count, o.Total, o.Readings, what, k.First, then, why))
		}
	}
	say(o.NaN, "NaN logits", fmt.Sprintf("a target with a NaN logit has the last rank, %d, and probabilities are NaN", V)+more)
	if out != nil {
		more = ""
	}
	say(o.Infinite, "infinite logits", "ranks compare infinities as numbers, and entropy or all probabilities are NaN"+more)
	if out == nil {
		say(o.KL, "a KL divergence of NaN", "what they are compared with has NaN or infinite logits")
	}
	return out
}

// causeOfNaN says why there may be NaN or infinities, and what to do.
func causeOfNaN(interventions []string) string {
	if len(interventions) > 0 {
		return "an intervention or the weights hold a NaN or overflow: make the change smaller, or compare with a run without it"
	}
	return "the weights hold a NaN or overflow: check the checkpoint, or compute in float32"
}

// oddities returns the warnings of what is odd in results that are one: those of a lens,
// or of the steps of a generation.
func oddities(results ...*Result) []string {
	o := Oddities{Readings: "cells"}
	for _, r := range results {
		o.addResult(r)
	}
	if len(results) == 0 {
		return nil
	}
	return o.Warnings(results[0].Vocab, results[0].Manifest.Interventions)
}

// withoutOddities returns the other warnings of a result.
func withoutOddities(r *Result) []string {
	odd := oddities(r)
	return slices.DeleteFunc(slices.Clone(r.Warnings), func(w string) bool { return slices.Contains(odd, w) })
}

// rankOf returns the rank and the ties of a target in a vocabulary of V words from its logit
// and how many logits are larger and as large, its own included. NaN ranks behind all
// numbers: its rank is the last, and it ties with nothing.
func rankOf(logit float32, larger, equal int64, V int) (rank, ties int64) {
	if math.IsNaN(float64(logit)) {
		return int64(V), 0
	}
	return larger + 1, equal - 1
}

// agree reports whether two cells have the same likeliest token. A cell with a NaN logit,
// whose first candidate is that, agrees with nothing.
func agree(a int64, logit float32, b int64, other float32) bool {
	return a == b && logit == logit && other == other
}
