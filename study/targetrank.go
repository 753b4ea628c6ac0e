package study

import (
	"fmt"
	"strings"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

var targetRank = Study{
	Name:      "target-rank",
	Title:     "A target's probability and rank by layer",
	Published: "the notebook logitlens.ipynb of the GitHub user 201524495 (in Korean)",
	About:     "The likeliest words after three sentences, layer by layer, and how a given word rises among them.",
	Arrays: []data.ArrayDoc{
		array("ids", "int64", "[T]", "the tokens of the third prompt, which the target follows"),
		array("top_ids", "int64", "[prompts,L+1,3]", "the three likeliest tokens at each prompt's last position"),
		array("target_ids", "int64", "[1]", "the target"),
		array("prob", "float32", "[L+1]", "its probability at the last position of the third prompt"),
		array("rank", "int64", "[L+1]", "its rank there, 1 + the number of larger logits"),
	},
	Drawings: []Drawing{
		{"E", "the target's probability in every state"},
		{"F", "its rank in every state, up is better"},
	},
	run: runTargetRank,
}

var targetRankPrompts = []string{"Paris is capital of", "Alan Turing was a", "The most famous sports in USA is"}

const targetRankTarget = " football"

func runTargetRank(w *work) error {
	w.parts(len(targetRankPrompts))
	target, err := w.word(targetRankTarget)
	if err != nil {
		return err
	}
	L := w.blocks()
	var topIDs []int64
	var r *lens.Result
	for _, prompt := range targetRankPrompts {
		ids, err := w.encode(prompt)
		if err != nil {
			return err
		}
		r, err = w.read(prompt, ids, lens.Options{Words: []lens.Word{target}})
		if err != nil {
			return err
		}
		w.printf("%s\n", prompt)
		for i := range r.Rows {
			at := ((i+1)*len(ids) - 1) * r.K // the last position
			best := r.TopIDs[at : at+3]
			topIDs = append(topIDs, best...)
			var words []string
			for _, id := range best {
				words = append(words, fmt.Sprintf("%q", w.decode(id)))
			}
			w.printf("  Layer %02d: [%s]\n", i, strings.Join(words, ", "))
		}
		w.printf("\n")
	}
	t := r.Targets
	last := make([]int64, len(r.Tokens))
	for i, token := range r.Tokens {
		last[i] = token.ID
	}
	w.array("ids", last, len(last))
	w.array("top_ids", topIDs, len(targetRankPrompts), L+1, 3)
	w.array("target_ids", []int64{target.ID}, 1)
	w.array("prob", t.Prob, L+1)
	w.array("rank", t.Rank, L+1)
	w.printf("%s, then%s\n", targetRankPrompts[2], targetRankTarget)
	for i := range r.Rows {
		w.printf("  Layer %02d: probability %.6g, rank %d\n", i, t.Prob[i], t.Rank[i])
	}

	best := 0
	for i, rank := range t.Rank {
		if rank < t.Rank[best] {
			best = i
		}
	}
	w.figure(Figure{Letter: "E", Name: "probability", Title: "The target's probability",
		Seen: fmt.Sprintf("The probability of %s as the next word, read from each state. It ends at %.3g.", w.named(target.ID), t.Prob[L]),
		Draw: report.TargetLines(r, report.ByTargetProb, report.LineTexts{
			X: "Layer", Y: fmt.Sprintf("P(%s)", strings.TrimSpace(targetRankTarget)), Title: "Layer-wise probability"})})
	w.figure(Figure{Letter: "F", Name: "rank", Title: "The target's rank",
		Seen: fmt.Sprintf("How many words are likelier: rank 1 is the likeliest, up is better. It is best in layer %d, at rank %d, and ends at %d.", best, t.Rank[best], t.Rank[L]),
		Draw: report.TargetLines(r, report.ByTargetRank, report.LineTexts{
			X: "Layer", Y: fmt.Sprintf("rank(%s) ↓ better", strings.TrimSpace(targetRankTarget)), Title: "Gold token rank by layer"})})
	return nil
}
