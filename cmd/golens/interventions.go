package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/sbinet/npyio"
	"github.com/urfave/cli/v2"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// The flags that change what the model does while it is read. They act in this
// order where several are at one point: set, scale, zero, add.
func interventionFlags() []cli.Flag {
	const category = "interventions"
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "set", Category: category, Usage: "`POINT=FILE.npy`: the array takes the place of what the module there returns (repeats)"},
		&cli.StringSliceFlag{Name: "scale", Category: category, Usage: "`POINT=FACTOR`: multiply it, such as h.3=0.8 (repeats)"},
		&cli.StringSliceFlag{Name: "zero", Category: category, Usage: "`POINT`: put zeros there, such as h.3.mlp (repeats)"},
		&cli.StringSliceFlag{Name: "add", Category: category, Usage: "`POINT=FILE.npy`: add a vector [C] or an array [T,C] (repeats)"},
	}
}

// interventions builds the hooks of the flags; tensors go under the scope's care.
func interventions(c *cli.Context, m *model.Model, sc *torch.Scope) (*hooks.Registry, error) {
	h := &hooks.Registry{}
	for _, s := range c.StringSlice("set") {
		if err := withArray(h, m, sc, "set", s, hooks.Set); err != nil {
			return nil, wrong(c, err)
		}
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
		h.Add(point, hooks.Scale(f))
	}
	for _, point := range c.StringSlice("zero") {
		h.Add(point, hooks.Zero())
	}
	for _, s := range c.StringSlice("add") {
		if err := withArray(h, m, sc, "add", s, hooks.Add); err != nil {
			return nil, wrong(c, err)
		}
	}
	if err := h.Check(m.Points); err != nil {
		return nil, wrong(c, err)
	}
	return h, nil
}

func withArray(h *hooks.Registry, m *model.Model, sc *torch.Scope, flag, arg string, action func(string, *torch.Tensor) hooks.Action) error {
	point, path, ok := strings.Cut(arg, "=")
	if !ok || path == "" {
		return fmt.Errorf("--%s %s: write POINT=FILE.npy", flag, arg)
	}
	v, shape, err := readNPY(path)
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	t, err := torch.New(v, shape...)
	if err != nil {
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	torch.Keep(sc, t)
	if m.Device.IsCUDA() {
		if t, err = t.To(torch.Float32, m.Device); err != nil {
			return err
		}
		torch.Keep(sc, t)
	}
	h.Add(point, action(path, t))
	return nil
}

// readNPY reads a file of NumPy's with float32 or float64 values; the latter are rounded.
func readNPY(path string) ([]float32, []int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r, err := npyio.NewReader(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is no .npy file: %w", path, err)
	}
	if r.Header.Descr.Fortran {
		return nil, nil, fmt.Errorf("%s is in Fortran order: save it with numpy.ascontiguousarray", path)
	}
	var shape []int64
	for _, n := range r.Header.Descr.Shape {
		shape = append(shape, int64(n))
	}
	var v []float32
	switch r.Header.Descr.Type {
	case "<f4":
		err = r.Read(&v)
	case "<f8":
		var d []float64
		err = r.Read(&d)
		for _, x := range d {
			v = append(v, float32(x))
		}
	default:
		return nil, nil, fmt.Errorf("%s holds %s: float32 or float64 is understood", path, r.Header.Descr.Type)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	if slices.ContainsFunc(v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }) {
		return nil, nil, fmt.Errorf("%s holds a NaN or an infinity", path)
	}
	return v, shape, nil
}
