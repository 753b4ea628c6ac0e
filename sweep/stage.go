package sweep

import (
	"strings"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
)

// whole is the stage of everything before the first block: the run begins with the tokens.
const whole = -1

// A stage says where a run must begin when a point changes.
type stage struct {
	first int  // the block with which the run begins; the number of blocks for the final norm alone
	after bool // the point is the stream in front of that block: the change can be made on the stream that was kept
}

// stageOf returns the stage of an edit at a canonical point.
func stageOf(m *model.Model, point string, a hooks.Action) (stage, error) {
	l := m.Layout
	switch {
	case point == l.Head || strings.HasPrefix(point, l.Head+":"):
		return stage{}, choice("%s takes no intervention: it is what makes the logits that are read; %s is in front of it", l.Head, l.Norm)
	case point == l.Embed && !a.NeedsModule():
		return stage{0, true}, nil
	case within(point, l.Norm):
		return stage{len(l.Blocks), false}, nil
	}
	for i, b := range l.Blocks {
		switch {
		case point == b.Out && !a.NeedsModule():
			return stage{i + 1, true}, nil
		case within(point, b.Out):
			return stage{i, false}, nil
		}
	}
	return stage{whole, false}, nil
}

// within reports whether a point is at a module or below it.
func within(point, module string) bool {
	rest, ok := strings.CutPrefix(point, module)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == ':')
}

// A variant is one run of a plan.
type variant struct {
	index int    // in the result, change * places + place
	first int    // see stage
	kept  []Edit // act on the stream that was kept in front of block first
	edits []Edit // act in the run
}

// variantOf sorts the edits of a run. always are the edits of every run. The kept stream already
// has those of them that come before it.
func variantOf(m *model.Model, index int, edits, always []Edit) (variant, error) {
	v := variant{index: index, first: len(m.Layout.Blocks) + 1}
	stages := make([]stage, len(edits))
	for n, e := range edits {
		point, err := m.Points.Canonical(e.Point)
		if err != nil {
			return v, &ChoiceError{Msg: err.Error()}
		}
		if stages[n], err = stageOf(m, point, e.Action); err != nil {
			return v, err
		}
		v.first = min(v.first, stages[n].first)
	}
	if !m.Apart() {
		v.first = whole
	}
	for _, e := range always {
		point, err := m.Points.Canonical(e.Point)
		if err != nil {
			return v, &ChoiceError{Msg: err.Error()}
		}
		s, err := stageOf(m, point, e.Action)
		if err != nil {
			return v, err
		}
		if s.first > v.first || s.first == v.first && !s.after {
			v.edits = append(v.edits, e)
		}
	}
	for n, e := range edits {
		if v.first != whole && stages[n].first == v.first && stages[n].after {
			v.kept = append(v.kept, e)
			continue
		}
		v.edits = append(v.edits, e)
	}
	return v, nil
}

// hooksOf returns a registry of the edits.
func hooksOf(edits []Edit) *hooks.Registry {
	h := &hooks.Registry{}
	for _, e := range edits {
		h.Add(e.Point, e.Action)
	}
	return h
}
