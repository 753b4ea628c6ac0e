package intervene

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A Source finds what interventions name: arrays, texts, and the tokens of a prompt.
type Source interface {
	// Array returns the array of a .npy file.
	Array(path string) (values []float32, shape []int64, err error)
	// Texts returns the tokens of each text of a file.
	Texts(path string) ([][]int64, error)
	// Encode returns the tokens of a prompt.
	Encode(text string) ([]int64, error)
}

// A Binder turns written interventions into actions. It reads each file once. It runs another
// prompt, or a file of texts, once for all points.
type Binder struct {
	m      *model.Model
	source Source
	scope  *torch.Scope // holds the tensors
	arrays map[string]array
}

// NewBinder returns a binder for a model. The scope owns the tensors that the binder makes.
func NewBinder(m *model.Model, s Source, scope *torch.Scope) *Binder {
	return &Binder{m: m, source: s, scope: scope, arrays: map[string]array{}}
}

// Model returns the binder's model.
func (b *Binder) Model() *model.Model { return b.m }

// An array of a file, on the model's device.
type array struct {
	t      *torch.Tensor
	shape  []int64
	digest string // of shape and values
	zero   bool   // every number is
}

// A Bound is an intervention with its tensors, for the points to which it was bound.
type Bound struct {
	// Key names it with the contents of its files, so that it is equal to another of
	// the same key: "add steer.npy*2 (sha256 ...)".
	Key string

	spec   Spec
	other  []int64 // the tokens of the other prompt of a patch
	action func(point string) hooks.Action
}

// At returns the intervention's action at one of its points.
func (b *Bound) At(point string) hooks.Action {
	a := b.action(point)
	if b.spec.Kind == "patch" {
		return a // it has its positions
	}
	return a.At(b.spec.At)
}

// Other returns the tokens of the other prompt of a patch, or nil.
func (b *Bound) Other() []int64 { return b.other }

// Bind prepares an intervention for points of the model. An unknown kind is a ChoiceError. A
// faulty file is another error.
func (b *Binder) Bind(s Spec, points []string) (*Bound, error) {
	k, ok := KindOf(s.Kind)
	if !ok {
		return nil, choice("%s: there are %s", s, kindNames())
	}
	out := &Bound{Key: s.String(), spec: s}
	return out, k.bind(b, out, points)
}

// fits refuses an array whose last dimension is not the width of a point. If the width is not
// known, the run reports a mismatch.
func (b *Binder) fits(s Spec, a array, point string) error {
	width := b.width(point)
	shape := strings.ReplaceAll(fmt.Sprint(a.shape), " ", ", ")
	n := a.shape[len(a.shape)-min(len(a.shape), 1):]
	switch {
	case s.Kind == "project-out" && len(a.shape) != 1:
		return fmt.Errorf("%s: the array has the shape %s, and a direction has one dimension", s, shape)
	case width > 0 && len(n) > 0 && n[0] != width && (n[0] != 1 || s.Kind == "project-out"):
		return fmt.Errorf("%s: an array of the shape %s does not fit %s, which is %d wide", s, shape, point, width)
	case s.Kind == "project-out" && a.zero:
		return fmt.Errorf("%s: every number of the direction is zero", s)
	}
	return nil
}

// width returns the width of the tensor at a point, or 0 if it is not known.
func (b *Binder) width(point string) int64 {
	l := b.m.Layout
	c, err := b.m.Points.Canonical(point)
	if err != nil {
		return 0
	}
	if n := b.m.Points.Dim(c); n > 0 {
		return int64(n)
	}
	known := map[string]bool{l.Embed: true, l.Norm: true}
	for _, block := range l.Blocks {
		known[block.Out], known[block.Mid], known[block.Attn], known[block.MLP] = true, true, true, true
	}
	if known[c] {
		return int64(b.m.Sizes.Width)
	}
	return 0
}

// array returns the array of a file, which it reads once.
func (b *Binder) array(path string) (array, error) {
	if a, ok := b.arrays[path]; ok {
		return a, nil
	}
	v, shape, err := b.source.Array(path)
	if err != nil {
		return array{}, err
	}
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, shape) // a hash takes everything
	zero := true
	for _, x := range v {
		zero = zero && x == 0
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return array{}, errors.New("the array holds a NaN or an infinity")
		}
	}
	binary.Write(h, binary.LittleEndian, v)
	t, err := torch.NewOn(b.m.Device, v, shape...)
	if err != nil {
		return array{}, err
	}
	torch.Keep(b.scope, t)
	a := array{t, shape, "sha256 " + hex.EncodeToString(h.Sum(nil))[:16], zero}
	b.arrays[path] = a
	return a, nil
}
