package study

import (
	"fmt"
	"strings"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/torch"
)

var entropy = Study{
	Name:      "entropy",
	Title:     "How sure each layer is",
	Published: `Alessio Devoto, "LogitLens from scratch with Hugging Face Transformers"`,
	About:     "The likeliest piece of the vocabulary in every state, and the entropy of what the state would say.",
	Differs: []string{
		"published takes the entropy in the model's own number type, with probabilities clamped to [1e-8, 1]; fixed takes it from the log-softmax in float32",
	},
	Arrays: []data.ArrayDoc{
		array("ids", "int64", "[T]", "the prompt's tokens"),
		array("pred_ids", "int64", "[L+1,T]", "the likeliest token of each state"),
		array("entropy", "float32", "[L+1,T]", "the entropy of its distribution, in nats"),
	},
	Stored: phi,
	Drawings: []Drawing{
		{"G", "the likeliest piece of every second state and position"},
		{"H", "the same, coloured by entropy"},
	},
	run: runEntropy,
}

const (
	entropyPrompt = "The quick brown fox jumps over the lazy"
	// The notebook has a token of this text put in front on Phi, one that its
	// tokenizer does not know: it gets the first id that is free, and with it a row
	// of the embedding that no text has trained.
	entropyBOS = "<bos>"
)

func runEntropy(w *work) error {
	w.parts(1)
	ids, err := w.encode(entropyPrompt)
	if err != nil {
		return err
	}
	begun := w.m.Family() == phi && w.tok.Size() < w.m.Sizes.Vocab
	if begun {
		ids = append([]int64{int64(w.tok.Size())}, ids...)
	}
	R, T := w.blocks()+1, len(ids)
	clamped := make([]float32, R*T)
	r, err := w.read(entropyPrompt, ids, lens.Options{Each: func(row lens.Row, x *torch.Tensor) error {
		own, err := x.To(w.m.DType, x.Device()) // the model's own type, in which they were computed
		if err != nil {
			return err
		}
		defer own.Close()
		v, err := values("entropy", own)
		copy(clamped[row.Index*T:], v)
		return err
	}})
	if err != nil {
		return err
	}
	if begun {
		r.Tokens[0].Bytes = []byte(entropyBOS)
	}
	best, _ := top(r)
	spread := r.Entropy
	if w.published() {
		spread = clamped
	}
	w.array("ids", ids, T)
	w.array("pred_ids", best, R, T)
	w.array("entropy", spread, R, T)

	w.printf("Text: %q\n\n", entropyPrompt)
	pieces := make([]string, len(best))
	for i, id := range best {
		pieces[i] = w.piece(id)
	}
	for i := range R {
		w.printf("Layer %2d: [%s]\n", i, strings.Join(quoted(pieces[i*T:(i+1)*T]), ", "))
	}
	w.printf("\nEntropy in nats, layers down, tokens across\n")
	for i := range R {
		w.printf("Layer %2d:", i)
		for _, v := range spread[i*T : (i+1)*T] {
			w.printf(" %7.3f", v)
		}
		w.printf("\n")
	}

	largest, smallest := extremes(spread)
	w.figure(Figure{Letter: "G", Name: "words", Title: "The words of every second layer",
		Seen: "The likeliest piece in each cell, the embedding at the bottom and the model's own output on top, below it the tokens that were read.",
		Draw: report.PieceHeat(r, pieces, nil)})
	w.figure(Figure{Letter: "H", Name: "entropy", Title: "Entropy",
		Seen: fmt.Sprintf("The same cells, coloured by entropy: dark where many words are possible. It runs from %.2f to %.2f nats; a uniform guess over the vocabulary has %.2f.",
			smallest, largest, uniform(w.m.Sizes.Vocab)),
		Draw: report.PieceHeat(r, pieces, spread)})
	return nil
}

// piece returns a token as the vocabulary writes it, but for the space's marks.
func (w *work) piece(id int64) string {
	text, err := w.tok.Display(id)
	if err != nil {
		return fmt.Sprintf("[%d]", id)
	}
	return strings.NewReplacer("Ġ", " ", "▁", " ").Replace(text)
}
