package model

import (
	"fmt"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/config"
)

// Supported says whether golens can run the model that a folder's config.json describes,
// or why not. Its weights may be missing still.
func Supported(dir string) error {
	_, err := config.Read(dir)
	return err
}

// Glance says what a folder holds, without its weights: the model_type of its
// configuration, the type to compute in, and why golens cannot run it, nil where it can.
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
