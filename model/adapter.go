package model

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/lora"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

//go:embed adapter.py
var adapterText string

var adapterProgram = torch.NewProgram("Adapter", adapterText)

// An adapter is a LoRA adapter while it is merged into a model's weights.
type adapter struct {
	*lora.Adapter
	label  string // names it beside the name of a model
	arch   *config.Arch
	merged map[string]bool // by module
}

// openAdapter opens the adapter that a folder or a name means, nil for "". It has no arch yet.
func openAdapter(where string, fetch Fetch) (*adapter, error) {
	if where == "" {
		return nil, nil
	}
	dir, label, err := locateAdapter(where, fetch)
	if err != nil {
		return nil, err
	}
	a, err := lora.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return &adapter{Adapter: a, label: label, merged: map[string]bool{}}, nil
}

// Close closes the adapter's files.
func (a *adapter) Close() error {
	if a == nil {
		return nil
	}
	return a.Adapter.Close()
}

// locateAdapter returns the folder of an adapter, which a path of a folder or a name of the hub
// names.
func locateAdapter(where string, fetch Fetch) (dir, label string, err error) {
	s, err := os.Stat(where)
	switch {
	case err == nil && s.IsDir():
		return where, filepath.Base(where), nil
	case err == nil:
		return "", "", choice("model: the adapter %s is a file: give the folder that holds it and %s", where, checkpoint.AdapterName)
	case looksLikePath(where):
		return "", "", fmt.Errorf("model: there is no folder %s, which should hold an adapter", where)
	}
	if dir, err = cached(where, hub.Adapter, fetch); err != nil {
		return "", "", fmt.Errorf("adapter: %w", err)
	}
	return dir, where, nil
}

// of returns what is added to the tensor of a key, and whether anything is.
func (a *adapter) of(key string) (module string, p lora.Pair, ok bool) {
	module, isWeight := strings.CutSuffix(key, ".weight")
	if a == nil || !isWeight {
		return "", p, false
	}
	for _, name := range []string{a.arch.Names.Prefix + module, module} {
		if p, ok := a.Modules[name]; ok {
			return name, p, true
		}
	}
	return "", p, false
}

// merge returns the weight of a key with the adapter's part. weight lies on the CPU, in
// the type that the model computes in.
func (a *adapter) merge(key string, weight *torch.Tensor) (*torch.Tensor, error) {
	module, p, _ := a.of(key)
	a.merged[module] = true
	turned := a.arch.Conv && strings.HasPrefix(key, a.arch.Names.Blocks+".")
	want := []int64{p.B.Shape[0], p.A.Shape[1]}
	if turned {
		slices.Reverse(want)
	}
	shape := weight.Shape()
	if !slices.Equal(want, shape) || p.Weight.Shape != nil && !slices.Equal(want, p.Weight.Shape) {
		return nil, fmt.Errorf("model: adapter %s changes a %s of %v, and that of the model is %v; is it the model that the adapter was trained on, %s?",
			a.Dir, module, want, shape, cmp.Or(a.Base, "which it does not name"))
	}
	var s torch.Scope
	defer s.Close()
	if p.Weight.Shape != nil {
		brought, err := a.tensor(p.Weight)
		if err != nil {
			return nil, err
		}
		torch.Keep(&s, brought)
		if brought, err = brought.To(weight.DType(), torch.CPU); err != nil {
			return nil, err
		}
		weight = torch.Keep(&s, brought)
	}
	var thin [2]*torch.Tensor
	for i, e := range []safetensors.Entry{p.B, p.A} {
		x, err := a.tensor(e)
		if err != nil {
			return nil, err
		}
		thin[i] = torch.Keep(&s, x)
	}
	return torch.One(adapterProgram.Call("merge", weight, thin[0], thin[1], p.Scale, turned))
}

func (a *adapter) tensor(e safetensors.Entry) (*torch.Tensor, error) {
	d, ok := floatTypes[e.DType]
	if !ok {
		return nil, fmt.Errorf("model: in the adapter %s the tensor %s holds %s; it must be F32, F16 or BF16", a.Dir, e.Name, e.DType)
	}
	b := make([]byte, e.Size)
	if _, err := io.ReadFull(a.Set.Reader(e), b); err != nil {
		return nil, fmt.Errorf("model: read the tensor %s of the adapter %s: %w", e.Name, a.Dir, err)
	}
	return torch.FromBytes(b, d, e.Shape...)
}

// finish looks whether everything was merged.
func (a *adapter) finish() error {
	if a == nil {
		return nil
	}
	for _, module := range slices.Sorted(maps.Keys(a.Modules)) {
		if !a.merged[module] {
			return fmt.Errorf("model: the adapter %s changes %s, and the model has no weight of its own there; it was trained on %s",
				a.Dir, module, cmp.Or(a.Base, "a model that it does not name"))
		}
	}
	return nil
}

// strangeBase says that the adapter names another model than this one, by the last part
// of the name; "" where they may be the same.
func (a *adapter) strangeBase(name string) string {
	if a == nil || a.Base == "" || strings.EqualFold(path.Base(a.Base), path.Base(strings.SplitN(name, "@", 2)[0])) {
		return ""
	}
	return fmt.Sprintf("the adapter %s was trained on %s, and is merged into %s", a.Dir, a.Base, name)
}

// digest returns that of the checkpoint's tensors, and where an adapter was merged that of
// both and of what the adapter says; one reads or remembers the digest of a set.
func (w *weights) digest(one func(*safetensors.Set) ([sha256.Size]byte, error)) ([sha256.Size]byte, error) {
	base, err := one(w.set)
	if err != nil || w.adapter == nil {
		return base, err
	}
	added, err := one(w.adapter.Set)
	return sha256.Sum256(slices.Concat(base[:], added[:], w.adapter.Config[:])), err
}

// An AdapterError says that a folder or a name leads to an adapter and to no model.
type AdapterError struct{ Where, Base string }

func (e *AdapterError) Error() string {
	return fmt.Sprintf("model: %s holds a LoRA adapter and no model: open the model that it was trained on, %s, with the adapter", e.Where, cmp.Or(e.Base, "which it does not name"))
}
