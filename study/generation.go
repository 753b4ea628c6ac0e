package study

import (
	"fmt"
	"strings"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

var generation = Study{
	Name:      "generation",
	Title:     "The lens while the model writes",
	Published: `the notebook "Logit Lens: практика" (in Russian; by hand, then with NNsight)`,
	About:     "What every layer would say at each step of a greedy generation, and the normed lens of its prompt, which begins with a Cyrillic letter.",
	Differs: []string{
		"published shows the embedding of step 0 as its last hidden state; fixed shows the last one. The arrays and figures are the same",
	},
	Drawings: []Drawing{
		{"C", "the highest probability of every state in every step after the first"},
		{"D", "the same with the words"},
		{"D2", "the normed lens of the published prompt, with the Cyrillic letter"},
		{"D3", "the normed lens of the Latin prompt"},
	},
	Arrays: []data.ArrayDoc{
		array("ids", "int64", "[T]", "the tokens of the Latin prompt"),
		array("sequence", "int64", "[14]", "prompt and new tokens"),
		array("step0_probs", "float32", "[L+1,T]", "the highest probability of each state at the prompt's positions"),
		array("step0_ids", "int64", "[L+1,T]", "its token"),
		array("probs", "float32", "[L+1,S]", "the same in the S steps after step 0"),
		array("pred_ids", "int64", "[L+1,S]", "its token"),
		array("ids_cyrillic", "int64", "[T']", "the tokens of the published prompt of the second part"),
		array("normed_probs", "float32", "[L,T']", "the highest probability of the normed lens after each block, Cyrillic prompt"),
		array("normed_ids", "int64", "[L,T']", "its token"),
		array("normed_probs_latin", "float32", "[L,T]", "the same for the Latin prompt"),
		array("normed_ids_latin", "int64", "[L,T]", "its token"),
	},
	run: runGeneration,
}

const (
	generationPrompt   = "Are cats good?"
	generationCyrillic = "\u0410re cats good?" // as published
	generationLength   = 14
)

func runGeneration(w *work) error {
	ids, err := w.encode(generationPrompt)
	if err != nil {
		return err
	}
	cyrillic, err := w.encode(generationCyrillic)
	if err != nil {
		return err
	}
	w.parts(generationLength - len(ids) + 2)
	w.printModel()
	if err := w.generate(ids); err != nil {
		return err
	}
	w.warn("the published prompt of the second part, %q, mixes scripts: its first letter is the Cyrillic А (U+0410). Its tokens differ from the Latin prompt's, which is why the parts of the notebook do not agree; both are shown", generationCyrillic)
	if err := w.normed(generationCyrillic, cyrillic, "D2", ""); err != nil {
		return err
	}
	return w.normed(generationPrompt, ids, "D3", "_latin")
}

// printModel prints the module tree, one block for all, and what the model counts.
func (w *work) printModel() {
	l := w.m.Layout
	w.printf("Modules\n")
	for _, name := range w.m.Points.Names() {
		parts := strings.Split(name, ".")
		block := len(parts) > 1 && parts[0] == "h"
		switch {
		case block && parts[1] != "0":
		case block && len(parts) == 2:
			w.printf("  %s (and %d like it)\n", name, len(l.Blocks)-1)
		default:
			w.printf("  %s%s\n", strings.Repeat("  ", max(0, len(parts)-2)), name)
		}
	}
	unique, modules := w.m.Parameters()
	w.printf("Parameters: %d module by module, %d each once\n", modules, unique)
	w.printf("Blocks: %d; output values: %d\n\n", len(l.Blocks), w.m.Sizes.Vocab)
}

// generate is the first part: the lens of every step.
func (w *work) generate(ids []int64) error {
	g, err := lens.Generate(w.ctx, w.m, ids, lens.GenerateOptions{MaxLength: generationLength, MinLength: generationLength, Lens: lens.Options{Track: 1}},
		func(*lens.Step) error { w.step(); return nil })
	if err != nil {
		return err
	}
	w.out.Warnings = append(w.out.Warnings, g.Warnings...)
	R, T, S := w.blocks()+1, len(ids), len(g.Steps)-1
	all := g.Joined(0) // for the page: every step beside the other
	all.Prompt = generationPrompt
	w.keep(all)
	first := g.Steps[0].Lens
	firstIDs, firstProbs := top(first)
	stepIDs, stepProbs := make([]int64, R*S), make([]float32, R*S)
	for k, step := range g.Steps[1:] {
		best, probs := top(step.Lens)
		for i := range R {
			stepIDs[i*S+k], stepProbs[i*S+k] = best[i], probs[i]
		}
	}
	w.array("ids", ids, T)
	w.array("sequence", g.Sequence, len(g.Sequence))
	w.array("step0_probs", firstProbs, R, T)
	w.array("step0_ids", firstIDs, R, T)
	w.array("probs", stepProbs, R, S)
	w.array("pred_ids", stepIDs, R, S)

	shown := R - 1
	if w.published() {
		shown = 0
	}
	w.printf("Prompt: %q %v\nText:   %q\n", generationPrompt, ids, w.decode(g.Sequence...))
	w.printf("New tokens: %v\n", g.Sequence[T:])
	w.printf("Last hidden state of step 0 (state %d): projection [1, %d, %d], ids %v, %q\n\n",
		shown, T, w.m.Sizes.Vocab, firstIDs[shown*T:(shown+1)*T], w.plain(firstIDs[shown*T:(shown+1)*T]...))
	for i := range R {
		w.printf("Layer %2d: %q", i+1, w.plain(firstIDs[i*T:(i+1)*T]...))
		for k := range S {
			w.printf(" %q", w.plain(stepIDs[i*S+k]))
		}
		w.printf("\n")
	}

	columns, words := make([]string, S), make([]string, R*S)
	for k := range columns {
		columns[k] = w.visible(g.Sequence[T+1+k])
	}
	for i, id := range stepIDs {
		words[i] = w.visible(id)
	}
	w.figure(Figure{Letter: "C", Name: "probabilities", Title: "How sure every layer is, step by step",
		Seen: fmt.Sprintf("The highest probability in each of the %d states (1 is the embedding, %d the model's own output) for every new token but the first. "+
			"States that were not normed say their word with a certainty of their own; the last row is what the model really thinks: %.2f for the first of these tokens.", R, R, stepProbs[(R-1)*S]),
		Draw: report.ProbabilityHeat(stepProbs, R, S)})
	rows := make([]string, R)
	for i := range rows {
		rows[i] = fmt.Sprint(i + 1)
	}
	w.figure(Figure{Letter: "D", Name: "words", Title: "What every layer would write",
		Seen: fmt.Sprintf("The same cells with their words; below, the tokens that were written: %q.", w.decode(g.Sequence[T+1:]...)),
		Draw: report.WordHeat(rows, columns, words, stepProbs, "Out Tokens")})
	return nil
}

// plain returns the text of ids without special tokens.
func (w *work) plain(ids ...int64) string {
	var out []int64
	for _, id := range ids {
		if !w.tok.IsSpecial(id) {
			out = append(out, id)
		}
	}
	return w.decode(out...)
}

// normed is the second part: the normed lens of a prompt after every block.
func (w *work) normed(prompt string, ids []int64, letter, suffix string) error {
	L, T := w.blocks(), len(ids)
	rows := make([]int, L)
	for i := range rows {
		rows[i] = i + 1
	}
	r, err := w.read(prompt, ids, lens.Options{Projection: lens.Normed, Rows: rows})
	if err != nil {
		return err
	}
	best, probs := top(r)
	if suffix == "" {
		w.array("ids_cyrillic", ids, T)
	}
	w.array("normed_probs"+suffix, probs, L, T)
	w.array("normed_ids"+suffix, best, L, T)
	w.printf("\nNormed lens of %q %v\n", prompt, ids)
	labels, columns, words := make([]string, L), make([]string, T), make([]string, L*T)
	for i := range labels {
		labels[i] = fmt.Sprint(i)
		w.printf("Layer %2d: %s\n", i, strings.Join(quoted(w.texts(best[i*T:(i+1)*T])), " "))
	}
	for t, id := range ids {
		columns[t] = w.visible(id)
	}
	for i, id := range best {
		words[i] = w.visible(id)
	}
	name, kind := "normed", "with the Cyrillic letter, as published"
	if suffix != "" {
		name, kind = "normed-latin", "in Latin letters"
	}
	w.figure(Figure{Letter: letter, Name: name, Title: "The normed lens of the prompt " + kind,
		Seen: fmt.Sprintf("What each block would say at every position of the prompt %s (%d tokens). At the last position block 0 says %s and the model itself %s.",
			kind, T, w.named(best[T-1]), w.named(best[L*T-1])),
		Draw: report.WordHeat(labels, columns, words, probs, "Input Tokens")})
	return nil
}

// texts returns the text of each id.
func (w *work) texts(ids []int64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = w.decode(id)
	}
	return out
}
