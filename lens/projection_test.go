package lens_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// affine is a lens of another package than lens: h + h W' + b with weights of each row's
// own, and then the final norm. It has its twin in scripts/reference/exact.py.
type affine struct{}

var affineText = torch.NewProgram("Affine", `
def affine(self, h: Tensor, row: int) -> Tensor:
    C = h.size(-1)
    weight = 0.02 * torch.sin(torch.arange(C * C, dtype=6).view([C, C]) + row)
    bias = 0.1 * torch.cos(torch.arange(C, dtype=6) + row)
    return h + torch.linear(h, weight, bias)
`)

func (affine) Name() string    { return "affine" }
func (affine) Key() string     { return "sines" }
func (affine) OwnOutput() bool { return true }

func (affine) Check(m *model.Model, at lens.Site, _ []lens.Row) error {
	if at == lens.Attn {
		return lens.Choice("the affine lens has no weights for attention")
	}
	return nil
}

func (affine) State(s model.Session, row lens.Row, h *torch.Tensor) (*torch.Tensor, error) {
	x, err := torch.One(affineText.Call("affine", h, row.Index))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return s.Norm(x)
}

// TestOwnProjection reads a lens that this package does not know in each way that there
// is, and compares it with PyTorch, bit by bit where the mode is exact. TestText,
// TestGenerate, TestJoint and TestDiff have it in their tables.
func TestOwnProjection(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	for _, T := range []int{1, 14} {
		compare(t, dir, m, T, torch.Threads(), affine{})
		lens.NearInFastMode(t, m, reference.IDs(uint64(T), T, m.Sizes.Vocab), lens.Options{Projection: affine{}, Next: true, Track: 2})
	}
	ids := reference.IDs(3, 20, m.Sizes.Vocab)
	words := []lens.Word{{Text: "a", ID: 17}}
	want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Lens: "affine", Rows: []int{0, 3}, Positions: []int{2, -1}, Targets: []int64{17},
		TargetPositions: []int{2, -1}, Threads: torch.Threads()})
	got, err := lens.Read(t.Context(), m, ids, lens.Options{Projection: affine{}, Rows: []int{0, 3}, Positions: []int{2, -1}, Words: words})
	if err != nil {
		t.Fatal(err)
	}
	equalResult(t, got, want)

	fast, err := lens.ReadText(t.Context(), m, &idSource{ids: ids}, lens.TextOptions{Lens: lens.Options{Projection: affine{}, Fast: true}, Chunk: 8})
	if err != nil {
		t.Fatal(err)
	}
	exact, err := lens.ReadText(t.Context(), m, &idSource{ids: ids}, lens.TextOptions{Lens: lens.Options{Projection: affine{}}, Chunk: 8})
	if err != nil {
		t.Fatal(err)
	}
	for n, v := range exact.CrossEntropy { // the bounds of docs/fast.md hold with room to spare
		if d := fast.CrossEntropy[n] - v; !(d < 1e-4 && d > -1e-4) {
			t.Errorf("row %d: a cross-entropy of %v in fast mode, and %v in exact", n, fast.CrossEntropy[n], v)
		}
	}

	choice := new(lens.ChoiceError)
	if _, err := lens.Read(t.Context(), m, ids, lens.Options{Projection: affine{}, At: lens.Attn}); !errors.As(err, &choice) || !strings.Contains(err.Error(), "attention") {
		t.Errorf("a site without weights: %v", err)
	}

	// What a sweep reads is the model's own output, which is the last row of the lens.
	scaled := &hooks.Registry{}
	scaled.Add("h.1", hooks.Scale(0.5))
	last, err := lens.Read(t.Context(), m, ids, lens.Options{Projection: affine{}, Rows: []int{4}, Words: words, Hooks: scaled})
	if err != nil {
		t.Fatal(err)
	}
	place, err := sweep.PlacesOf(m, sweep.Resid, []int{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sweep.Run(t.Context(), m, ids, sweep.Plan{Changes: sweep.Scale(0.5), Places: place, Words: words}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reference.Equal(t, "log-probability under a sweep", s.Series[0].Values, reference.Array{Float32: last.Targets.LogProb, Shape: []int{1}})
}

// shapeless is a lens that maps states to others of another width.
type shapeless struct{ affine }

var halfText = torch.NewProgram("Half", "def half(self, h: Tensor) -> Tensor:\n    return h[:, :, :1]\n")

func (shapeless) State(_ model.Session, _ lens.Row, h *torch.Tensor) (*torch.Tensor, error) {
	return torch.One(halfText.Call("half", h))
}

// TestBadProjection: a lens that makes other shapes is an error in both modes, and leaves
// no tensor behind.
func TestBadProjection(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	for _, fast := range []bool{false, true} {
		_, err := lens.Read(t.Context(), m, []int64{1, 2, 3}, lens.Options{Projection: shapeless{}, Fast: fast})
		if err == nil || !strings.Contains(err.Error(), "affine") || !strings.Contains(err.Error(), "another shape") {
			t.Errorf("error %v", err)
		}
	}
}

// TestProjectionOf: the names of the command line.
func TestProjectionOf(t *testing.T) {
	for name, want := range map[string]lens.Projection{"notebook": lens.Notebook, "raw": lens.Raw, "normed": lens.Normed, "logit": lens.Normed} {
		if got, err := lens.ProjectionOf(name); err != nil || got != want {
			t.Errorf("%s is %v, error %v", name, got, err)
		}
	}
	choice := new(lens.ChoiceError)
	if _, err := lens.ProjectionOf("nosuch"); !errors.As(err, &choice) || !strings.Contains(err.Error(), "notebook, raw, normed, and logit") {
		t.Errorf("error %v", err)
	}
}
