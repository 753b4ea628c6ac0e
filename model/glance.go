package model

import (
	"fmt"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/config"
)

// Supported returns nil if golens can run the model that a folder's config.json describes, and
// else an error that says why not. The weights can still be missing.
func Supported(dir string) error {
	_, err := config.Read(dir)
	return err
}

// Glance describes a folder without reading its weights: the model_type of its configuration, the
// type to compute in, and an error that says why golens cannot run it, or nil.
func Glance(dir string) (family, dtype string, problem error) {
	family = config.TypeIn(dir)
	c, err := config.Read(dir)
	if err != nil {
		return family, "", err
	}
	if err := checkpoint.Missing(dir); err != nil {
		return family, c.Arch.DType, fmt.Errorf("the snapshot is incomplete: %w", err)
	}
	set, err := checkpoint.OpenDir(dir)
	if err != nil {
		return family, c.Arch.DType, err
	}
	defer set.Close()
	d, err := Auto.choose(c.Arch, set)
	if err != nil {
		return family, "", err
	}
	return family, d.String(), nil
}
