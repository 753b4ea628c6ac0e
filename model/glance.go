package model

import (
	"fmt"
	"path/filepath"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/lora"
)

// Supported returns nil if golens can run the model that a folder's config.json describes, and
// else an error that says why not. The weights can still be missing.
func Supported(dir string) error {
	_, err := config.Read(dir)
	return err
}

// A Glimpse describes a folder of the cache in short.
type Glimpse struct {
	Family  string // model_type of the configuration, or AdapterFamily
	DType   string // the type to compute in, or that an adapter is stored in; "" for unknown
	Base    string // of an adapter: the model that it was trained on, "" where it does not say
	Problem error  // why golens cannot use it, or nil
}

// AdapterFamily is the family of a LoRA adapter in a Glimpse.
const AdapterFamily = "LoRA adapter"

// Glance describes a folder without reading its weights.
func Glance(dir string) Glimpse {
	if checkpoint.HasAdapter(dir) && !isFile(filepath.Join(dir, config.FileName)) {
		return glanceAdapter(dir)
	}
	g := Glimpse{Family: config.TypeIn(dir)}
	c, err := config.Read(dir)
	if err != nil {
		g.Problem = err
		return g
	}
	g.DType = c.Arch.DType
	if err := checkpoint.Missing(dir); err != nil {
		g.Problem = fmt.Errorf("the snapshot is incomplete: %w", err)
		return g
	}
	set, err := checkpoint.OpenDir(dir)
	if err != nil {
		g.Problem = err
		return g
	}
	defer set.Close()
	if d, err := Auto.choose(c.Arch, set); err != nil {
		g.DType, g.Problem = "", err
	} else {
		g.DType = d.String()
	}
	return g
}

func glanceAdapter(dir string) Glimpse {
	g := Glimpse{Family: AdapterFamily, Base: lora.BaseOf(dir)}
	a, err := lora.Open(dir)
	if err != nil {
		g.Problem = err
		return g
	}
	defer a.Close()
	for _, p := range a.Modules {
		if t, ok := floatTypes[p.A.DType]; ok {
			g.DType = t.String()
		}
	}
	return g
}
