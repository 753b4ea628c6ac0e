package config

import "fmt"

// Switches describes how the family's choices are set, each in a few words, in the order of a
// forward pass.
func (a *Arch) Switches() []string {
	var out []string
	say := func(yes bool, format string, args ...any) {
		if yes {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(a.Names.Positions != "", "learned positions")
	if a.Rope != nil {
		out = append(out, a.Rope.String())
	}
	if a.LocalRope != nil {
		out = append(out, fmt.Sprintf("theta %g in blocks with a window", a.LocalRope.Theta))
	}
	windowed := 0
	for i := range a.Blocks {
		windowed += a.Kind(i)
	}
	say(windowed > 0, "a window of %d tokens in %d of %d blocks", a.Window, windowed, a.Blocks)
	say(a.Group() > 1, "%d heads of keys and values", a.KVHeads)
	say(a.HeadDim*a.Heads != a.Width, "heads of %d numbers", a.HeadDim)
	say(a.Names.QNorm != "", "norms on queries and keys")
	say(a.Parallel, "attention and MLP side by side")
	say(a.PostNorm, "norms behind the additions")
	say(a.Names.AttnNorm != "", "norms on what attention and MLP add")
	gated := "MLP"
	if a.Names.Gate != "" {
		gated = "gated MLP"
	}
	return append(out, string(a.Norm), gated+" with "+a.Activation)
}

// Unusual returns sentences on what a reader of a lens should know of the family.
func (a *Arch) Unusual() []string {
	var out []string
	say := func(yes bool, format string, args ...any) {
		if yes {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(a.HeadBias, "the head has a bias, which is in the logits of every layer")
	say(a.LogitCap > 0, "logits are kept within %g by tanh, in every layer's row as in the model's own output", a.LogitCap)
	say(a.ScoreCap > 0, "attention's scores are kept within %g by tanh", a.ScoreCap)
	say(a.Names.ProjectOut != "", "the vocabulary's table has a width of %d: the head projects a state of %d numbers first, in every row; Hugging Face's last hidden state is behind that projection", a.ProjectDim, a.Width)
	say(a.Names.FinalNorm == "", "there is no final norm: the three lenses are one")
	say(a.Parallel, "attention and MLP are added to the stream together: there is no stream between them")
	say(a.EagerOnly, "transformers has eager attention only for this family, and so it is here")
	return out
}
