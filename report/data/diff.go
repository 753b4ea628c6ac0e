package data

import "github.com/golens/golens/lens"

// diffManifest is what made a Diff: the lens's manifest, and the targets.
type diffManifest struct {
	lens.Manifest
	Targets *Targets `json:"targets,omitempty"`
}

// DiffBundle returns the arrays of a Diff: those of the lens with interventions, those
// without them as clean_..., and kl_from_clean [R,P].
func DiffBundle(d *lens.Diff) (*Bundle, error) {
	m := diffManifest{Manifest: d.Changed.Manifest}
	if d.Changed.Targets != nil {
		t := TargetsOf(d.Changed)
		m.Targets = &t
	}
	b := &Bundle{Format: "golens-diff-1", Name: "lens --diff", Prompts: []string{d.Changed.Prompt}, Manifest: m, Warnings: d.Changed.Warnings}
	fields, err := Arrays(d.Changed)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		b.Arrays = append(b.Arrays, NamedArray{f.Name, f.Dims, f.Data})
	}
	if fields, err = Arrays(d.Clean); err != nil {
		return nil, err
	}
	for _, f := range fields {
		switch f.Name {
		case "ids", "positions", "rows", "target_ids", "target_positions":
		default:
			b.Arrays = append(b.Arrays, NamedArray{"clean_" + f.Name, f.Dims, f.Data})
		}
	}
	b.Arrays = append(b.Arrays, NamedArray{"kl_from_clean", []int{len(d.Changed.Rows), len(d.Changed.Positions)}, d.KL})
	return b, nil
}
