package data

import (
	"unicode/utf8"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// A Generation is the member "generation" of a file.
type Generation struct {
	Prompt   int             `json:"prompt_tokens"`
	New      int             `json:"new_tokens"`
	Text     string          `json:"text"`
	Bytes    []byte          `json:"text_bytes,omitempty"` // base64, only where Text is not lossless
	Ended    lens.Ending     `json:"ended"`
	Sampling *model.Sampling `json:"sampling"`
	Settings map[string]any  `json:"settings"`
}

// GenerationOf returns what is said of a text that the model wrote; r.Written must be set.
func GenerationOf(r *lens.Result) Generation {
	w := r.Written
	g := Generation{Prompt: w.Prompt, New: len(w.Sequence) - w.Prompt, Text: Valid(string(w.Text)), Ended: w.Ended, Sampling: w.Sampling, Settings: map[string]any{}}
	if w.Config != nil {
		own := *w.Config
		own.Sample, own.Sampling = false, model.NewGenerationConfig().Sampling // g.Sampling has them
		g.Settings = own.Changed()
	}
	if !utf8.Valid(w.Text) {
		g.Bytes = w.Text
	}
	return g
}
