package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/terminal"
)

// A slowerError says that works became slower; the account has gone out already. It
// ends the program as a failed check does.
type slowerError struct{ works []string }

func (e *slowerError) Error() string {
	return fmt.Sprintf("slower than before: %s", strings.Join(e.works, ", "))
}

func (e *slowerError) Unwrap() error { return &differsError{len(e.works)} }

// comparableBench refuses results whose ratios tell of other things than golens.
func comparableBench(c *cli.Context, k *bench.Comparison) error {
	if len(k.Differs) == 0 || c.Bool("force") {
		return nil
	}
	return fmt.Errorf("the two results cannot be compared: %s; --force compares them anyway, and the ratios then include that difference", strings.Join(k.Differs, "; "))
}

// compareBench shows what became of each work.
func compareBench(c *cli.Context, t terminal.Terminal, old, after *bench.Result) error {
	k := bench.Compare(old, after)
	if err := comparableBench(c, k); err != nil {
		return err
	}
	if len(k.Changes) == 0 {
		return fmt.Errorf("the two results have no work in common: they have %s", strings.Join(k.Only, ", "))
	}
	tolerance := c.Float64("tolerance") / 100
	if !c.Bool("quiet") {
		if err := t.Table(c.App.Writer, report.BenchComparison(k, tolerance)); err != nil {
			return err
		}
	}
	var worse []string
	for _, change := range k.Changes {
		if change.Worse(tolerance) {
			worse = append(worse, fmt.Sprintf("%s (%.2f times)", change.Row.Name(), change.Ratio))
		}
	}
	if len(worse) > 0 {
		return &slowerError{worse}
	}
	return nil
}
