package study

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

var hiddenStates = Study{
	Name:      "hidden-states",
	Title:     "The geometry of the residual stream, and what scaling it does",
	Published: `Mike X Cohen, "LLM breakdown 4/6: Transformer outputs (hidden states)" (mikexcohen.substack.com)`,
	About:     "How far states spread, how alike layers and tokens are, and what becomes of a word's log-probability when one block's output is scaled by 0.8.",
	Differs: []string{
		"published draws the similarity matrices of tokens and states 0 to 3, with the titles of evenly spaced ones, and y ticks from 1 in the first; fixed draws the evenly spaced ones",
		"published sorts the similarities of the laminar profile, merges equal ones and drops the smallest (usually a 0 of the lower triangle); fixed keeps each pair of tokens once, in order",
		"published counts every token as unique; fixed counts the different ones",
	},
	Arrays: []data.ArrayDoc{
		array("ids", "int64", "[T]", "the tokens of the first prompt"),
		array("ids_scaling", "int64", "[T']", "the tokens of the second prompt"),
		array("variance", "float32", "[L+1]", "the unbiased variance of token 8's activations in each state"),
		array("cos_layers", "float32", "[4,L+1,L+1]", "cosine similarity of all pairs of states, for four tokens"),
		array("cos_tokens", "float32", "[4,T,T]", "cosine similarity of all pairs of tokens, for four states"),
		array("laminar_0 .. laminar_L", "float32", "[pairs]", "for each state the similarities of the pairs of tokens but the first"),
		array("top21", "int64", "[21]", "the likeliest next tokens after the second prompt"),
		array("target_ids", "int64", "[1]", "the target"),
		array("clean", "float32", "[]", "the target's log-probability after the second prompt"),
		array("scaled", "float32", "[L]", "the same with the residual stream after block i times 0.8"),
	},
	Drawings: []Drawing{
		{"I", "the activations of token 8 in every state, and their variance"},
		{"J", "cosine similarity of all pairs of states, for four tokens"},
		{"K", "cosine similarity of all pairs of tokens, in four states"},
		{"L", "the laminar profile: each state's similarities of all pairs of tokens but the first"},
		{"M", "the target's log-softmax with each block's output scaled, and clean"},
	},
	run: runHiddenStates,
}

const (
	hiddenStatesFirst  = "A wise man once said: Penguins are cute."
	hiddenStatesSecond = "As Gregor Samsa awoke one morning from uneasy dreams, he found himself transformed in his bed into a gigantic"
	hiddenStatesTarget = " insect"
	hiddenStatesFactor = 0.8
)

func runHiddenStates(w *work) error {
	w.parts(3 + w.blocks()) // geometry, a lens, the clean run and one for each block
	if err := w.geometry(); err != nil {
		return err
	}
	return w.scaling()
}

// geometry is the study's first half, on one short sentence.
func (w *work) geometry() error {
	ids, err := w.encode(hiddenStatesFirst)
	if err != nil {
		return err
	}
	L, T := w.blocks(), len(ids)
	const token = 8
	titleTokens, titleRows := lens.Spaced(T-1, 4), lens.Spaced(L, 4)
	tokens, rows := titleTokens, titleRows
	if w.published() {
		tokens, rows = []int{0, 1, 2, 3}, []int{0, 1, 2, 3}
	}
	if T <= token || L < 3 {
		return fmt.Errorf("the study reads token %d and state 3, and here are %d tokens and %d states", token, T, L+1)
	}
	g, err := lens.ReadGeometry(w.ctx, w.m, ids, lens.GeometryOptions{Positions: tokens, Rows: rows})
	if err != nil {
		return err
	}
	w.step()
	g.Prompt = hiddenStatesFirst
	if w.m.Config != nil {
		var config map[string]any
		if err := json.Unmarshal(w.m.Config.Raw, &config); err != nil {
			return err
		}
		text, err := json.MarshalIndent(config, "", "  ")
		if err != nil {
			return err
		}
		w.printf("Configuration: %s\n\n", text)
	}
	w.printf("Text:     %q\nEncoding: %v\n", hiddenStatesFirst, ids)
	w.printf("Logits:        [1, %d, %d]\n", T, w.m.Sizes.Vocab)
	w.printf("Hidden states: %d of [1, %d, %d]\n\n", L+1, T, w.m.Sizes.Width)

	variance := make([]float32, L+1)
	for i := range variance {
		variance[i] = g.Variance[i*T+token]
	}
	w.printf("Variance of token %d, %q\n", token, w.decode(ids[token]))
	for i, v := range variance {
		w.printf("  %-4s %.6g\n", report.StateTick(i), v)
	}
	laminar := g.Laminar
	if w.published() {
		laminar = uniqueTails(g.Laminar)
	}
	w.array("ids", ids, T)
	w.array("variance", variance, L+1)
	w.array("cos_layers", g.CosLayers, 4, L+1, L+1)
	w.array("cos_tokens", g.CosTokens, 4, T, T)
	for i, v := range laminar {
		w.array(fmt.Sprintf("laminar_%d", i), v, len(v))
	}

	w.figure(Figure{Letter: "I", Name: "activations", Title: "The activations of one token",
		Seen: fmt.Sprintf("Left, the %d activations of token %d, %s, in every state, a dot each; right, their variance. "+
			"It goes from %.3g at the embedding to %.3g after the last block and the final norm.", g.Width, token, w.named(ids[token]), variance[0], variance[L]),
		Draw: report.ActivationDots(g, token, w.Seed)})
	first := 0
	if w.published() {
		first = 1
	}
	w.figure(Figure{Letter: "J", Name: "layers", Title: "How alike the layers are",
		Seen: "The cosine similarity of each state with each other, for four tokens: light where a token's state points in the same direction in both layers." + w.caveat(
			" As published, the matrices are those of tokens 0, 1, 2 and 3, whatever the titles say."),
		Draw: report.CosineLayers(g, report.CosineTexts{Of: titleTokens, FirstTick: first})})
	w.figure(Figure{Letter: "K", Name: "tokens", Title: "How alike the tokens are",
		Seen: "The cosine similarity of each token with each other, in four states." + w.caveat(
			" As published, the states are 0, 1, 2 and 3, whatever the titles say."),
		Draw: report.CosineTokens(g, report.CosineTexts{Of: titleRows})})
	w.figure(Figure{Letter: "L", Name: "laminar", Title: "The laminar profile", DPI: 300, Transparent: true,
		Seen: fmt.Sprintf("For each state the similarities of all pairs of tokens but the first, a dot each. Their middle goes from %.2f at the embedding to %.2f at the end.",
			median(laminar[0]), median(laminar[L])),
		Draw: report.LaminarDots(laminar, w.Seed)})
	return nil
}

// caveat returns a sentence where the published variant is shown.
func (w *work) caveat(text string) string {
	if w.published() {
		return text
	}
	return ""
}

// scaling is the study's second half: one block after the other is scaled.
func (w *work) scaling() error {
	ids, err := w.encode(hiddenStatesSecond)
	if err != nil {
		return err
	}
	target, err := w.word(hiddenStatesTarget)
	if err != nil {
		return err
	}
	L := w.blocks()
	o := lens.Options{Rows: []int{L}, Positions: []int{-1}, Top: 21, Words: []lens.Word{target}}
	clean, err := w.read(hiddenStatesSecond, ids, o)
	if err != nil {
		return err
	}
	places, err := sweep.PlacesOf(w.m, sweep.Resid, nil, nil)
	if err != nil {
		return err
	}
	done := 0
	swept, err := sweep.Run(w.ctx, w.m, ids, sweep.Plan{Changes: sweep.Scale(hiddenStatesFactor), Places: places, Words: []lens.Word{target}},
		sweep.Options{Progress: func(p sweep.Progress) {
			for ; done < p.Done; done++ {
				w.step()
			}
		}})
	if err != nil {
		return err
	}
	logprob := swept.Of(string(sweep.LogProb))
	c, scaled := logprob.Clean[0], logprob.Values
	unique := len(ids)
	if !w.published() {
		sorted := slices.Clone(ids)
		slices.Sort(sorted)
		unique = len(slices.Compact(sorted))
	}
	letters := []rune(hiddenStatesSecond)
	slices.Sort(letters)
	w.printf("\nText: %q\n", hiddenStatesSecond)
	w.printf("  %d characters, %d of them unique\n", utf8.RuneCountInString(hiddenStatesSecond), len(slices.Compact(letters)))
	w.printf("  %d tokens, %d of them unique\n\n", len(ids), unique)
	w.printf("The likeliest next words\n")
	for i := 0; i < len(clean.TopIDs); i += 7 {
		var words []string
		for _, id := range clean.TopIDs[i:min(i+7, len(clean.TopIDs))] {
			words = append(words, fmt.Sprintf("%q", w.decode(id)))
		}
		w.printf("  %s\n", strings.Join(words, ", "))
	}
	w.printf("\nLog-softmax of %q: clean %.4f; residual stream times %g after block\n", hiddenStatesTarget, c, hiddenStatesFactor)
	for i, v := range scaled {
		w.printf("  %-4s %.4f\n", report.StateTick(i+1), v)
	}
	w.array("ids_scaling", ids, len(ids))
	w.array("top21", clean.TopIDs, len(clean.TopIDs))
	w.array("target_ids", []int64{target.ID}, 1)
	w.array("clean", []float32{c})
	w.array("scaled", scaled, L)

	low, high := 0, 0
	for i, v := range scaled {
		if v < scaled[low] {
			low = i
		}
		if v > scaled[high] {
			high = i
		}
	}
	w.figure(Figure{Letter: "M", Name: "scaling", Title: "What scaling a block does",
		Seen: fmt.Sprintf("The log-softmax of %s when the residual stream is multiplied by %g after one block; the dashed line is the model left alone, %.2f. "+
			"It is lowest, at %.2f, after block %d, and highest, at %.2f, after block %d. The last block's point lies on the line: the final norm undoes a scaling.",
			w.named(target.ID), hiddenStatesFactor, c, scaled[low], low, scaled[high], high),
		Draw: report.ScalingFigure(swept)})
	return nil
}

// uniqueTails returns for each state what `unique(triu(cs, 1))[1:]` gives: the
// different values above the diagonal, and the 0 below it, rising, without the
// smallest.
func uniqueTails(laminar [][]float32) [][]float32 {
	out := make([][]float32, len(laminar))
	for i, v := range laminar {
		all := append(slices.Clone(v), 0)
		slices.Sort(all)
		out[i] = slices.Compact(all)[1:]
	}
	return out
}

// median returns the middle one of the values, 0 where there are none.
func median(v []float32) float32 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
