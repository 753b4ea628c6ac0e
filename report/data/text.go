package data

import (
	"fmt"
	"strconv"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
)

// TextFormat is the value of "format" in the files of a text's means.
const TextFormat = "golens-text-1"

// TextArrays documents what Text returns.
var TextArrays = []ArrayDoc{
	{"rows", "int64", "[R]", "states that were read: 0 is the embedding, i the state after block i-1"},
	{"cross_entropy", "float64", "[R]", "mean of -log p of the text's own next token, in nats"},
	{"entropy", "float64", "[R]", "mean entropy of the row's distribution, in nats"},
	{"kl", "float64", "[R]", "mean KL divergence from the row to the model's own output, KL(final || row), in nats"},
	{"agree", "float64", "[R]", "share of the tokens at which the row's likeliest next token is the model's own"},
	{"reciprocal_rank", "float64", "[R]", "mean of 1/rank of the targets; a rank is 1 + the number of larger logits"},
	{"rank_limits", "int64", "[n]", "the limits of `within`"},
	{"within", "float64", "[R,n]", "share of the targets whose rank is no larger than each of the limits"},
	{"rank_percents", "int64", "[q]", "the shares of `rank_quantiles`, in percent"},
	{"rank_quantiles", "int64", "[R,q]", "the least rank that so many percent of the targets do not exceed: 50 is the median"},
	{"rank_counts", "int64", "[R,B]", "targets by rank: bin b has those from 2^b to 2^(b+1)-1"},
	{"tied", "int64", "[R]", "targets with whose logit another token's is equal"},
	{"nan", "int64", "[R]", "cells with a NaN logit: they agree with nothing, and a target whose own logit is NaN has the last rank"},
	{"place_cross_entropy", "float64", "[R,T]", "`cross_entropy` by place in the window, of which T is the length; NaN where no target was"},
	{"place_targets", "int64", "[T]", "targets at each place"},
}

// textManifest is what made the means of a text: the lens's manifest, and the text.
type textManifest struct {
	lens.Manifest
	Text textAbout `json:"text"`
}

type textAbout struct {
	Name    string    `json:"name"`
	Chunk   int       `json:"chunk"`
	Prefix  []int64   `json:"prefix"`
	Whole   bool      `json:"whole"`
	Tokens  int64     `json:"tokens"`
	Windows int64     `json:"windows"`
	Targets int64     `json:"targets"`
	Bytes   int64     `json:"target_bytes"`
	Layers  []textRow `json:"layers"`
}

type textRow struct {
	Row   int    `json:"row"`
	Point string `json:"point"`
	Label string `json:"label"`
}

// Text returns the arrays of t, with the text in the manifest's member "text", and as a
// table a line for each row.
func Text(t *lens.Text) *Bundle {
	R, n, q := len(t.Rows), len(lens.RankLimits), len(lens.RankPercents)
	about := textAbout{Valid(t.Name), t.Chunk, append([]int64{}, t.Prefix...), t.Whole, t.Tokens, t.Windows, t.Targets, t.Bytes, nil}
	rows := make([]int64, R)
	for i, r := range t.Rows {
		rows[i] = int64(r.Index)
		about.Layers = append(about.Layers, textRow{r.Index, r.Point, r.Label})
	}
	b := NewBundle(TextFormat, "text", nil, textManifest{t.Manifest, about}, t.Warnings,
		newArray("rows", rows, R),
		newArray("cross_entropy", t.CrossEntropy, R),
		newArray("entropy", t.Entropy, R),
		newArray("kl", t.KL, R),
		newArray("agree", t.Agree, R),
		newArray("reciprocal_rank", t.ReciprocalRank, R),
		newArray("rank_limits", widen(lens.RankLimits), n),
		newArray("within", t.Within, R, n),
		newArray("rank_percents", widen(lens.RankPercents), q),
		newArray("rank_quantiles", t.Quantiles, R, q),
		newArray("rank_counts", t.RankCounts, R, t.Bins),
		newArray("tied", t.Tied, R),
		newArray("nan", t.Bad, R),
		newArray("place_cross_entropy", t.PlaceCrossEntropy, R, t.Chunk),
		newArray("place_targets", t.PlaceTargets, t.Chunk),
	)
	for _, s := range t.Stats {
		b.Arrays = append(b.Arrays, newArray("mean_"+s.Name, s.Mean, R))
	}
	b.Table = &Table{TextColumns(t.Stats...), func(write func([]string)) { textLines(t, write) }}
	return b
}

// TextColumns returns the columns of a text's CSV, with the means of statistics last.
func TextColumns(stats ...lens.TextStat) []string {
	columns := []string{"name", "row", "point", "label", "tokens", "targets", "cross_entropy", "bits_per_byte", "entropy", "kl", "agree", "reciprocal_rank"}
	for _, limit := range lens.RankLimits {
		columns = append(columns, fmt.Sprintf("within_%d", limit))
	}
	for _, percent := range lens.RankPercents {
		columns = append(columns, fmt.Sprintf("rank_p%d", percent))
	}
	columns = append(columns, "tied", "nan")
	for _, s := range stats {
		columns = append(columns, "mean_"+s.Name)
	}
	return columns
}

// textLines writes a line for each row of t, floats as in JSON.
func textLines(t *lens.Text, write func([]string)) {
	float := func(v float64) string { return string(appendFloat64(nil, v)) }
	whole := func(v int64) string { return strconv.FormatInt(v, 10) }
	for n, r := range t.Rows {
		line := []string{visible.Escape([]byte(t.Name)), strconv.Itoa(r.Index), r.Point, r.Label, whole(t.Tokens), whole(t.Targets),
			float(t.CrossEntropy[n]), float(t.BitsPerByte(n)), float(t.Entropy[n]), float(t.KL[n]), float(t.Agree[n]), float(t.ReciprocalRank[n])}
		for _, v := range rowOf(t.Within, n, len(lens.RankLimits)) {
			line = append(line, float(v))
		}
		for _, v := range rowOf(t.Quantiles, n, len(lens.RankPercents)) {
			line = append(line, whole(v))
		}
		line = append(line, whole(t.Tied[n]), whole(t.Bad[n]))
		for _, s := range t.Stats {
			line = append(line, float(s.Mean[n]))
		}
		write(line)
	}
}

// rowOf returns row n of an array [R,width].
func rowOf[E any](values []E, n, width int) []E { return values[n*width : (n+1)*width] }
