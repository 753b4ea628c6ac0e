package study

import (
	"fmt"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/torch"
)

var lensGrid = Study{
	Name:      "lens-grid",
	Title:     "The logit lens over all layers",
	Published: `Mike X Cohen, lecture "The Logit Lens" of the course "A deep understanding of AI language model mechanisms" (sincxpress.com)`,
	About:     "What each block would say next at every position of a sentence that repeats itself, and how sure it is.",
	Arrays: []data.ArrayDoc{
		array("ids", "int64", "[T]", "the prompt's tokens"),
		array("scatter", "float32", "[V]", "log-softmax of state 3 at position 3, in nats"),
		array("pred_ids", "int64", "[L,T]", "the likeliest token after each block"),
		array("pred_probs", "float32", "[L,T]", "its probability"),
		array("target_ids", "int64", "[T-1]", "the token that really follows"),
	},
	Drawings: []Drawing{
		{"A", "one log-softmax: every word's log-probability by its id, the largest marked"},
		{"B", "the likeliest token of every block and position, redder the surer, above the text's own next tokens"},
	},
	run: runLensGrid,
}

const lensGridPrompt = "The way you do anything is the way you do everything"

func runLensGrid(w *work) error {
	w.parts(1)
	ids, err := w.encode(lensGridPrompt)
	if err != nil {
		return err
	}
	L, T := w.blocks(), len(ids)
	rows := make([]int, L)
	for i := range rows {
		rows[i] = i + 1
	}
	const at = 3 // the position, and the state where the model has as many
	state := min(3, L)
	if state < 3 {
		w.warn("the study looks at state 3, and this model has %d blocks: state %d is shown", L, state)
	}
	var scatter []float32
	r, err := w.read(lensGridPrompt, ids, lens.Options{Rows: rows, Next: true, Each: func(row lens.Row, x *torch.Tensor) (err error) {
		if row.Index == state {
			scatter, err = values("log_softmax", x, at)
		}
		return err
	}})
	if err != nil {
		return err
	}
	best, probs := top(r)
	w.array("ids", ids, T)
	w.array("scatter", scatter, len(scatter))
	w.array("pred_ids", best, L, T)
	w.array("pred_probs", probs, L, T)
	w.array("target_ids", ids[1:], T-1)

	said := best[(state-1)*T+at]
	w.printf("State %d, position %d\n", state, at)
	w.printf("  the real next token:  %q\n", w.decode(ids[at+1]))
	w.printf("  the predicted token:  %q (log-softmax %.3f)\n\n", w.decode(said), scatter[said])
	w.printf("Text:         %q\n", w.decode(ids...))
	w.printf("First block:  %q\n", w.decode(best[:T]...))
	w.printf("Last block:   %q\n", w.decode(best[(L-1)*T:]...))

	w.figure(Figure{Letter: "A", Name: "scatter", Title: "One log-softmax",
		Seen: fmt.Sprintf("Every dot is one of the %d words of the vocabulary, in the order of their ids, with the logarithm of its probability after %s. "+
			"The red circle is the largest, %s at %.2f; the text goes on with %s, at %.2f.",
			len(scatter), stateName(state), w.named(said), scatter[said], w.named(ids[at+1]), scatter[ids[at+1]]),
		Draw: report.VocabularyDots(scatter, fmt.Sprintf("Log-softmax logits for the token following “%s”", w.visible(ids[at])))})
	right := func(row int) (n int) {
		for t := range T - 1 {
			if best[row*T+t] == ids[t+1] {
				n++
			}
		}
		return n
	}
	w.figure(Figure{Letter: "B", Name: "words", Title: "The words of every layer",
		Seen: fmt.Sprintf("Each box is the likeliest next token after a block, redder the surer; the real next tokens stand below. "+
			"The first block is right at %d of %d positions, the last at %d.", right(0), T-1, right(L-1)),
		Draw: report.WordBoxes(r)})
	return nil
}

func stateName(i int) string {
	if i == 0 {
		return "the embedding"
	}
	return fmt.Sprintf("block %d", i-1)
}
