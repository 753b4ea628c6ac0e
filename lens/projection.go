package lens

import (
	"slices"
	"strings"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A Projection is a lens: it maps the state of each row to what the unembedding reads.
// Notebook, Raw and Normed are the ones of this package. Other packages can have their
// own, and every reading serves them: Read, ReadText, Generate, ReadDiff and ReadJoint, in
// both modes.
type Projection interface {
	// Name is what the command line, manifests and titles call the lens.
	Name() string

	// Key tells lenses of one name apart, by a digest of learned weights. It is written to
	// the manifest. A lens that has nothing but its name returns "".
	Key() string

	// OwnOutput reports whether the row of the residual stream after the last block is the
	// model's own output, head(ln_f(h)). That row is then read from the model's own logits,
	// and State is not asked.
	OwnOutput() bool

	// Check says why the lens cannot read some of the rows of a model, by an error that
	// Choice makes, or returns nil.
	Check(m *model.Model, at Site, rows []Row) error

	// State returns what the unembedding reads, of a row's state h [1,P,C]: h itself, or a
	// tensor of its shape that the caller closes. h has any positions of the text, in the
	// model's type and on its device; each is to be mapped without regard to the others.
	// The model's device is held.
	State(s model.Session, row Row, h *torch.Tensor) (*torch.Tensor, error)
}

// The lenses without weights of their own.
var (
	// Notebook projects Hugging Face's hidden_states as they are: head(states[i]). Inner
	// rows have no final norm. The last state is already normed, and the last row is the
	// model's own output. This is the default.
	Notebook Projection = plain{name: "notebook", own: true}
	// Raw projects every block's output without the final norm, the last one too.
	Raw Projection = plain{name: "raw"}
	// Normed projects head(ln_f(h)) of every row: the logit lens of the papers. Its last
	// row is the model's own output.
	Normed Projection = normed{plain{name: "normed", own: true}}
)

// Projections are the lenses that ProjectionOf knows.
func Projections() []Projection { return []Projection{Notebook, Raw, Normed} }

// paperName is what papers call the normed lens.
const paperName = "logit"

// ProjectionOf returns the lens of a name. "logit", the papers' name, is Normed.
func ProjectionOf(name string) (Projection, error) {
	if name == paperName {
		return Normed, nil
	}
	all := Projections()
	if i := slices.IndexFunc(all, func(p Projection) bool { return p.Name() == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name())
	}
	return nil, choice("no lens is called %q: there are %s, and %s, the papers' name of %s", name, strings.Join(names, ", "), paperName, Normed.Name())
}

// Choice returns a ChoiceError, for a Projection that cannot read a model.
func Choice(format string, a ...any) error { return choice(format, a...) }

// plain projects states as they are.
type plain struct {
	name string
	own  bool
}

func (p plain) Name() string                                                         { return p.name }
func (p plain) Key() string                                                          { return "" }
func (p plain) OwnOutput() bool                                                      { return p.own }
func (p plain) Check(*model.Model, Site, []Row) error                                { return nil }
func (p plain) State(_ model.Session, _ Row, h *torch.Tensor) (*torch.Tensor, error) { return h, nil }

// normed puts the model's final norm between a state and the unembedding.
type normed struct{ plain }

func (normed) State(s model.Session, _ Row, h *torch.Tensor) (*torch.Tensor, error) { return s.Norm(h) }
