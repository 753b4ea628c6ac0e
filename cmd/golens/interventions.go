package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// The flags that change what the model does while it is read. They act in this
// order where several are at one point: set, scale, zero, add.
func interventionFlags() []cli.Flag {
	const category = "Interventions (golens model info lists the points)"
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "scale", Category: category, KeepSpace: true, Usage: "`POINT=FACTOR`: multiply what the point returns, such as h.3=0.8"},
		&cli.StringSliceFlag{Name: "zero", Category: category, KeepSpace: true, Usage: "`POINT`: put zeros in its place, such as h.3.mlp"},
		&cli.StringSliceFlag{Name: "add", Category: category, KeepSpace: true, Usage: "`POINT=FILE`: add the array of a .npy file, [C] for every position or [T,C]"},
		&cli.StringSliceFlag{Name: "set", Category: category, KeepSpace: true, Usage: "`POINT=FILE`: put the array in its place. At one point set acts first, then scale, zero, add"},
	}
}

// interventions builds the hooks of the flags; tensors go under the scope's care.
func interventions(c *cli.Context, m *model.Model, sc *torch.Scope) (*hooks.Registry, error) {
	h := &hooks.Registry{}
	put := func(flag, point string, a hooks.Action) error {
		name, err := m.Points.Canonical(point)
		if err != nil {
			return usage(c, "--%s: %w", flag, err)
		}
		if name == m.Layout.Head {
			return usage(c, "--%s: %s takes no intervention here, since a lens runs it for every layer; %s is in front of it", flag, point, m.Layout.Norm)
		}
		h.Add(point, a)
		return nil
	}
	array := func(flag string, action func(string, *torch.Tensor) hooks.Action) error {
		for _, s := range c.StringSlice(flag) {
			point, path, ok := strings.Cut(s, "=")
			if !ok || path == "" {
				return usage(c, "--%s %s: write POINT=FILE, such as h.3=steer.npy", flag, s)
			}
			t, err := readArray(path, m.Device, sc)
			if err != nil {
				return fmt.Errorf("--%s %s: %w", flag, s, err)
			}
			if err := put(flag, point, action(path, t)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := array("set", hooks.Set); err != nil {
		return nil, err
	}
	for _, s := range c.StringSlice("scale") {
		point, factor, ok := strings.Cut(s, "=")
		f, err := strconv.ParseFloat(factor, 64)
		if !ok || err != nil {
			return nil, usage(c, "--scale %s: write POINT=FACTOR, such as h.3=0.8", s)
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, usage(c, "--scale %s: the factor must be a finite number", s)
		}
		if err := put("scale", point, hooks.Scale(f)); err != nil {
			return nil, err
		}
	}
	for _, point := range c.StringSlice("zero") {
		if err := put("zero", point, hooks.Zero()); err != nil {
			return nil, err
		}
	}
	if err := array("add", hooks.Add); err != nil {
		return nil, err
	}
	return h, nil
}

// readArray returns the array of a .npy file on the model's device.
func readArray(path string, on torch.Device, sc *torch.Scope) (*torch.Tensor, error) {
	v, shape, err := readNPY(path)
	if err != nil {
		return nil, err
	}
	t, err := torch.New(v, shape...)
	if err != nil {
		return nil, err
	}
	torch.Keep(sc, t)
	if !on.IsCUDA() {
		return t, nil
	}
	t, err = t.To(torch.Float32, on)
	return torch.Keep(sc, t), err
}
