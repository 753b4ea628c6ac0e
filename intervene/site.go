package intervene

// A Site is a place in each block, or in the whole model.
type Site string

const (
	// Resid is the residual stream after the block, the default.
	Resid Site = "resid"
	// ResidPre is the residual stream in front of the block.
	ResidPre Site = "resid_pre"
	// ResidMid is the residual stream after attention was added.
	ResidMid Site = "resid_mid"
	// Attn is what attention adds to the stream.
	Attn Site = "attn"
	// MLP is what the MLP adds to the stream.
	MLP Site = "mlp"
	// Heads are the heads of each attention, one place for each, before their projection.
	Heads Site = "heads"
	// Embed is the embedding, tokens and positions; one place.
	Embed Site = "embed"
	// Norm is the final norm; one place.
	Norm Site = "ln_f"
)

// Sites are all sites, in the order in which a text lists them.
var Sites = []Site{Resid, ResidPre, ResidMid, Attn, MLP, Heads, Embed, Norm}

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
