package report

import (
	"fmt"
	"io"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/terminal"
)

// WriteLens writes the grid of r to a terminal and, where r has targets or joint targets,
// their grids below it.
func WriteLens(w io.Writer, t terminal.Terminal, r *lens.Result, o GridOptions) error {
	g, err := LensGrid(r, o)
	if err != nil {
		return err
	}
	targets, err := TargetGrid(r, o)
	if err != nil {
		return err
	}
	joint, err := JointGrid(r, o)
	if err != nil {
		return err
	}
	if err := t.Grid(w, g); err != nil {
		return err
	}
	for _, g := range []*figure.Grid{targets, joint} {
		if g == nil {
			continue
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return fmt.Errorf("write to the terminal: %w", err)
		}
		if err := t.Grid(w, g); err != nil {
			return err
		}
	}
	return nil
}
