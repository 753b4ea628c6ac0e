package lens

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed geometry.py
var geometryText string

var geometry = torch.NewProgram("Geometry", geometryText)

// Geometry holds how the residual stream of one prompt lies in its space, layer
// by layer. Its states are Hugging Face's hidden_states: the last one is normed,
// the others are not. Arrays are row-major float32; R is the number of states.
type Geometry struct {
	Prompt string
	Tokens []Token // T tokens
	Rows   []Row   // R = L+1 states
	Width  int     // C

	Hidden   []float32 // [R,T,C]
	Variance []float32 // [R,T] unbiased (divided by C-1), of the C activations

	// CosLayers [len(Positions),R,R] compares the states of one position with each
	// other, CosTokens [len(Chosen),T,T] the positions of one state, by
	// torch.cosine_similarity; the diagonals are near 1 and not always 1.
	Positions []int
	CosLayers []float32
	Chosen    []int // rows
	CosTokens []float32

	// Laminar is for each state the similarities of all pairs of tokens but the
	// first token, (T-1)(T-2)/2 values: those above the diagonal, row by row.
	Laminar [][]float32

	Warnings []string
	Manifest Manifest
}

// GeometryOptions say what is compared. Nil slices are four, evenly spaced, as
// Spaced gives them.
type GeometryOptions struct {
	Positions []int // of CosLayers; negative ones count from the end
	Rows      []int // of CosTokens

	Hooks *hooks.Registry // interventions
}

// Spaced returns n whole numbers from 0 to last at even distances, cut down, as
// numpy's linspace(0, last, n).astype(int) does.
func Spaced(last, n int) []int {
	out := make([]int, n)
	step := 0.0
	if n > 1 {
		step = float64(last) / float64(n-1)
	}
	for i := range out {
		out[i] = int(float64(i) * step)
	}
	if n > 1 {
		out[n-1] = last
	}
	return out
}

// ReadGeometry runs the model on ids [T] once and compares its states. The numbers
// are PyTorch's to the last bit. A cancelled ctx ends it between states.
func ReadGeometry(ctx context.Context, m *model.Model, ids []int64, o GeometryOptions) (*Geometry, error) {
	if err := m.Check(ids); err != nil {
		return nil, err
	}
	plan, err := Options{Rows: o.Rows, Positions: o.Positions, Hooks: o.Hooks}.plan(m, len(ids))
	if err != nil {
		return nil, err
	}
	all, err := Options{Hooks: o.Hooks}.plan(m, len(ids))
	if err != nil {
		return nil, err
	}
	g := &Geometry{Rows: all.rows, Width: m.Sizes.Width, Positions: o.Positions, Chosen: o.Rows}
	if g.Positions == nil {
		g.Positions = Spaced(len(ids)-1, 4)
	}
	if g.Chosen == nil {
		g.Chosen = Spaced(len(all.rows)-1, 4)
	}
	g.Positions = slices.Clone(g.Positions)
	for i, p := range g.Positions {
		if p < 0 {
			g.Positions[i] += len(ids) // in range: plan has looked
		}
	}
	r := &geometer{plan: all, m: m, ids: ids, out: g}
	defer r.scope.Close()
	if err := m.Hold(ctx, func(s model.Session) error { return r.read(ctx, s) }); err != nil {
		return nil, err
	}
	tok, err := m.Tokenizer()
	if err != nil {
		g.Warnings = append(g.Warnings, "tokens are shown by id: "+err.Error())
	}
	if w := m.DoubleBOS(ids); w != "" {
		g.Warnings = append(g.Warnings, w)
	}
	for _, id := range ids {
		g.Tokens = append(g.Tokens, piece(tok, id))
	}
	g.Manifest, err = manifest(m, tok)
	g.Manifest.At, g.Manifest.Interventions = string(plan.At), o.Hooks.Actions()
	g.warn()
	return g, err
}

// warn says how many states have a variance that is no finite number, which those have that
// hold a NaN or an infinity, and those whose squares overflow.
func (g *Geometry) warn() {
	var odd Oddity
	for i, v := range g.Variance {
		if v-v != 0 {
			odd.Add(func() string { return cellName(g.Rows[i/len(g.Tokens)], int64(i%len(g.Tokens))) })
		}
	}
	if odd.Count > 0 && g.Width > 1 { // one activation has no variance
		g.Warnings = append(g.Warnings, fmt.Sprintf("%d of %d states hold a NaN or overflow, the first in %s: their variances and similarities are not finite numbers; %s",
			odd.Count, len(g.Variance), odd.First, causeOfNaN(g.Manifest.Interventions)))
	}
}

// geometer is one ReadGeometry under way.
type geometer struct {
	*plan
	m     *model.Model
	ids   []int64
	scope torch.Scope
	out   *Geometry
}

func (r *geometer) read(ctx context.Context, s model.Session) error {
	var err error
	h := r.Hooks.Clone()
	for _, point := range r.points {
		h.Capture(point)
	}
	run, err := s.Trunk(r.ids, h)
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, run)
	states := make([]*torch.Tensor, len(r.rows))
	for n, point := range r.points {
		states[n] = run.Captured(point)
	}
	states[len(states)-1] = run.Results[0]
	for n, h := range states { // all measures are of float32
		f, err := h.To(torch.Float32, h.Device())
		if err != nil {
			return err
		}
		states[n] = torch.Keep(&r.scope, f)
	}
	for _, at := range r.out.Positions {
		x, err := torch.One(geometry.Call("through", states, at))
		if err != nil {
			return err
		}
		cos, err := r.cosines(ctx, x)
		x.Close()
		if err != nil {
			return err
		}
		r.out.CosLayers = append(r.out.CosLayers, cos...)
	}
	cosines := make([][]float32, len(states))
	for n, h := range states {
		if cosines[n], err = r.state(ctx, h); err != nil {
			return err
		}
		r.out.Laminar = append(r.out.Laminar, pairs(cosines[n], len(r.ids)))
		if !slices.Contains(r.out.Chosen, n) {
			cosines[n] = nil
		}
	}
	for _, n := range r.out.Chosen {
		r.out.CosTokens = append(r.out.CosTokens, cosines[n]...)
	}
	return nil
}

// state keeps one state h [1,T,C] and its variances, and returns the similarities of its tokens.
func (r *geometer) state(ctx context.Context, h *torch.Tensor) ([]float32, error) {
	v, err := torch.Values[float32](h)
	if err != nil {
		return nil, err
	}
	r.out.Hidden = append(r.out.Hidden, v...)
	variance, err := values(geometry.Call("variance", h))
	if err != nil {
		return nil, err
	}
	r.out.Variance = append(r.out.Variance, variance...)
	x, err := torch.One(geometry.Call("tokens", h))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return r.cosines(ctx, x)
}

// products bounds the numbers of a broadcast product, N*N*C, that are in memory at a time.
const products = 1 << 24

// cosines returns the similarities of all pairs of rows of x [N,C]: [N,N].
func (r *geometer) cosines(ctx context.Context, x *torch.Tensor) ([]float32, error) {
	shape := x.Shape()
	n := int(shape[0])
	step := max(1, products/(n*int(shape[1])))
	var out []float32
	for i := 0; i < n; i += step {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := values(geometry.Call("cosine", x, i, min(step, n-i)))
		if err != nil {
			return nil, err
		}
		out = append(out, v...)
	}
	return out, nil
}

// pairs returns what stands above the diagonal of cos [T,T], row by row, but for
// the first row and column.
func pairs(cos []float32, T int) []float32 {
	out := []float32{}
	for i := 1; i < T; i++ {
		out = append(out, cos[i*T+i+1:(i+1)*T]...)
	}
	return out
}

// values returns the numbers of the only tensor of a call.
func values(out []*torch.Tensor, err error) (v []float32, _ error) {
	if err != nil {
		return nil, err
	}
	return v, torch.Fill(out, &v)
}
