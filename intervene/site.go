package intervene

import "github.com/golens/golens/hooks"

// A Site is a place in each block, or in the whole model.
type Site string

const (
	// Resid is the residual stream after the block, the default.
	Resid Site = "resid"
	// ResidPre is the residual stream before the block.
	ResidPre Site = "resid_pre"
	// ResidMid is the residual stream after attention was added.
	ResidMid Site = "resid_mid"
	// Attn is what attention adds to the stream.
	Attn Site = "attn"
	// MLP is what the MLP adds to the stream.
	MLP Site = "mlp"
	// Heads are the attention heads, one place for each, before the output projection.
	Heads Site = "heads"
	// Q are the queries of the heads, one place for each head: see hooks.HeadQuery.
	Q Site = "q"
	// K are the keys of the heads; several heads can share one.
	K Site = "k"
	// V are the values of the heads; several heads can share one.
	V Site = "v"
	// Embed is the embedding, tokens and positions; one place.
	Embed Site = "embed"
	// Norm is the final norm; one place.
	Norm Site = "ln_f"
)

// Sites are all sites, in the order in which a text lists them.
var Sites = []Site{Resid, ResidPre, ResidMid, Attn, MLP, Heads, Q, K, V, Embed, Norm}

// OfHeads reports whether a site has a place for each head.
func (s Site) OfHeads() bool { return s.HeadMark() != "" }

// HeadMark returns how points write the heads of a site, as in "h.3.attn:q5"; "" for a
// site without heads.
func (s Site) HeadMark() string {
	switch s {
	case Heads:
		return hooks.HeadOut
	case Q, K, V:
		return string(s)
	}
	return ""
}

// SiteNames lists the sites for people.
func SiteNames() string {
	out := ""
	for i, s := range Sites {
		switch {
		case i == len(Sites)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += string(s)
	}
	return out
}
