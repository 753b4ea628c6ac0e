package sweep

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/golens/golens/internal/choices"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
)

// A Site is a place in each block, or in the whole model: see intervene.Site.
type Site = intervene.Site

// The sites of intervene, under the names that plans have for them.
const (
	Resid    = intervene.Resid
	ResidPre = intervene.ResidPre
	ResidMid = intervene.ResidMid
	Attn     = intervene.Attn
	MLP      = intervene.MLP
	Heads    = intervene.Heads
	Q        = intervene.Q
	K        = intervene.K
	V        = intervene.V
	Embed    = intervene.Embed
	Norm     = intervene.Norm
)

// Sites are all sites, in the order in which a text lists them.
var Sites = intervene.Sites

// A Place is a hook point that a sweep changes.
type Place struct {
	Point string `json:"point"` // such as "h.3" or "h.3.attn:h5"
	Label string `json:"label"` // short, for people: "L3", "L3 attn", "L3 h5", "emb", "ln_f"
	Block int    `json:"block"` // -1 for the embedding, the number of blocks for the final norm
	Site  Site   `json:"site"`
	Head  int    `json:"head"` // -1 if it is no head

	// For a window of blocks: all its blocks and their points. Point is that of the middle.
	Window []int    `json:"window,omitempty"`
	Points []string `json:"points,omitempty"`
}

// points returns all points of the place.
func (p Place) points() []string {
	if p.Points != nil {
		return p.Points
	}
	return []string{p.Point}
}

// A ChoiceError says that a plan asks for something that the model does not have, or that makes no
// sense.
type ChoiceError = choices.Error

func choice(format string, a ...any) error { return choices.Errorf(format, a...) }

// PlacesOf returns the places of a site in the given blocks. The embedding and the final norm have
// one place each. heads are the numbers of heads for sites that have heads. nil means all blocks,
// or all heads.
func PlacesOf(m *model.Model, site Site, blocks, heads []int) ([]Place, error) {
	L := len(m.Layout.Blocks)
	switch site {
	case Embed:
		return []Place{{Point: m.Layout.Embed, Label: "emb", Block: -1, Site: site, Head: -1}}, nil
	case Norm:
		return []Place{{Point: m.Layout.Norm, Label: "ln_f", Block: L, Site: site, Head: -1}}, nil
	}
	if blocks == nil {
		for i := range L {
			blocks = append(blocks, i)
		}
	}
	var out []Place
	for _, i := range blocks {
		if i < 0 || i >= L {
			return nil, choice("there is no block %d: the model has %d, counted from 0", i, L)
		}
		b, label := m.Layout.Blocks[i], "L"+strconv.Itoa(i)
		p := Place{Label: label + " " + string(site), Block: i, Site: site, Head: -1}
		switch site {
		case Resid:
			p.Point, p.Label = b.Out, label
		case ResidPre:
			p.Point = b.Out + ".resid_pre"
		case ResidMid:
			p.Point = b.Mid
		case Attn:
			p.Point = b.Attn
		case MLP:
			p.Point = b.MLP
		case Heads, Q, K, V:
			more, err := headsOf(m, b.Attention, label, site, i, heads)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		default:
			return nil, choice("no site is called %q: there are %s", site, intervene.SiteNames())
		}
		if p.Point == "" {
			return nil, choice("this model has no module at %s: the archive does not say where that is", site)
		}
		out = append(out, p)
	}
	return out, nil
}

func headsOf(m *model.Model, attn, label string, site Site, block int, heads []int) ([]Place, error) {
	mark := site.HeadMark()
	n := m.Points.Heads(attn, mark)
	if n == 0 {
		return nil, choice("this model does not tell of its heads")
	}
	if heads == nil {
		for i := range n {
			heads = append(heads, i)
		}
	}
	var out []Place
	for _, i := range heads {
		if i < 0 || i >= n {
			return nil, choice("there is no head %d: the attention of block %d has %d, counted from 0", i, block, n)
		}
		out = append(out, Place{Point: fmt.Sprintf("%s:%s%d", attn, mark, i), Label: fmt.Sprintf("%s %s%d", label, mark, i), Block: block, Site: site, Head: i})
	}
	return out, nil
}

// Windows returns the places as windows of n blocks. The window of block i has the model's blocks
// from i - n/2 to before i + (n+1)/2. A change acts at all of them at once, as in causal tracing.
func Windows(m *model.Model, places []Place, n int) ([]Place, error) {
	if n < 1 {
		return nil, choice("a window has 1 block or more, and not %d", n)
	}
	var out []Place
	for _, p := range places {
		if p.Block < 0 || p.Block >= m.Sizes.Blocks {
			return nil, choice("%s is one place of the whole model, and no window of blocks", p.Label)
		}
		var heads []int
		if p.Head >= 0 {
			heads = []int{p.Head}
		}
		for i := max(0, p.Block-n/2); i < min(m.Sizes.Blocks, p.Block+(n+1)/2); i++ {
			at, err := PlacesOf(m, p.Site, []int{i}, heads)
			if err != nil {
				return nil, err
			}
			p.Window, p.Points = append(p.Window, i), append(p.Points, at[0].Point)
		}
		p.Label = strings.Replace(p.Label, "L"+strconv.Itoa(p.Block), fmt.Sprintf("L%d..%d", p.Window[0], p.Window[len(p.Window)-1]), 1)
		out = append(out, p)
	}
	return out, nil
}
