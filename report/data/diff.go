package data

import "github.com/golens/golens/lens"

// diffManifest is what made a Diff: the lens's manifest, and the targets.
type diffManifest struct {
	lens.Manifest
	Targets *Targets `json:"targets,omitempty"`
}

// Diff returns the arrays of a Diff: those of the lens with interventions, those
// without them as clean_..., and kl_from_clean [R,P]. name is that of the result.
func Diff(d *lens.Diff, name string) (*Bundle, error) {
	m := diffManifest{Manifest: d.Changed.Manifest}
	if d.Changed.Targets != nil {
		t := TargetsOf(d.Changed)
		m.Targets = &t
	}
	arrays, err := lensArrays(d.Changed)
	if err != nil {
		return nil, err
	}
	clean, err := lensArrays(d.Clean)
	if err != nil {
		return nil, err
	}
	for _, a := range clean {
		switch a.Name {
		case "ids", "positions", "rows", "target_ids", "target_positions":
		default:
			a.Name = "clean_" + a.Name
			arrays = append(arrays, a)
		}
	}
	arrays = append(arrays, newArray("kl_from_clean", d.KL, len(d.Changed.Rows), len(d.Changed.Positions)))
	return NewBundle("golens-diff-1", name, []string{d.Changed.Prompt}, m, d.Changed.Warnings, arrays...), nil
}
