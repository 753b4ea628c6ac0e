package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/sweep"
)

// compareSweeps says how two results differ.
func compareSweeps(c *cli.Context) error {
	if c.Args().Len() != 2 {
		return usage(c, "--compare takes two results: golens sweep --compare a.json b.json")
	}
	for _, f := range sweepFlags() {
		if c.IsSet(f.Names()[0]) {
			return usage(c, "--%s has no meaning beside --compare", f.Names()[0])
		}
	}
	t, err := terminalOf(c)
	if err != nil {
		return err
	}
	var r [2]*sweep.Result
	for i := range r {
		if r[i], err = readSweep(c.Args().Get(i)); err != nil {
			return err
		}
	}
	d, err := sweep.Compare(r[0], r[1])
	if err != nil {
		return err
	}
	b := &figure.Table{Columns: []figure.TableColumn{{Head: "metric"}, {Head: "values", Right: true}, {Head: "differ", Right: true}, {Head: "at most by", Right: true}, {Head: "there"},
		{Head: "first", Right: true}, {Head: "second", Right: true}}}
	failed := 0
	for _, m := range d.Metrics {
		row := []string{m.Name, fmt.Sprint(m.Compared), fmt.Sprint(m.Differ), "", "", "", ""}
		if m.Differ > 0 {
			failed++
			row = append(row[:3], fmt.Sprintf("%.3g", m.Most), strings.TrimSpace(m.Place+" "+m.Change), fmt.Sprint(m.A), fmt.Sprint(m.B))
		}
		b.Rows = append(b.Rows, row)
	}
	switch {
	case d.Same:
		b.Notes = append(b.Notes, "every number that both have is the same, to the last bit")
	case d.MustSame:
		b.Notes = append(b.Notes, "both were made alike, so their numbers must be the same: they are not")
	}
	if len(d.Why) > 0 {
		b.Notes = append(b.Notes, "made differently: "+strings.Join(d.Why, ", "))
	}
	if err := t.Table(c.App.Writer, b); err != nil {
		return err
	}
	if d.MustSame && !d.Same {
		return &differsError{failed}
	}
	return nil
}
