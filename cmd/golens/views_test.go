package main

import (
	"os"
	"strings"
	"testing"

	"github.com/golens/golens/report"
)

// TestViews: each way to draw a lens gives a figure, and none the same.
func TestViews(t *testing.T) {
	inFolder(t)
	seen := map[string]string{}
	for _, view := range report.LensViews {
		args := []string{"lens", "Are cats good?", "--plot", view + ".svg", "--view", view, "--quiet"}
		switch view {
		case "targets":
			args = append(args, "--target", "dogs", "--target", "cats")
		case "scatter":
			args = append(args, "--layers", "3", "--positions", "-1")
		}
		if got := golens(t, args...); got.code != 0 || got.stderr != "" {
			t.Errorf("%s: %+v", view, got)
			continue
		}
		svg, err := os.ReadFile(view + ".svg")
		if err != nil || !strings.Contains(string(svg), "<svg") {
			t.Errorf("%s: %v", view, err)
		}
		if twin, ok := seen[string(svg)]; ok {
			t.Errorf("%s and %s are the same figure", view, twin)
		}
		seen[string(svg)] = view
	}
}

// TestBadViews: what a user can get wrong with --view.
func TestBadViews(t *testing.T) {
	const hello = "Are cats good?"
	for _, b := range []bad{
		{name: "no such view", args: call("lens", hello, "--view", "cube", "--plot", "x.png"), code: 2, says: []string{"cube", "boxes"}},
		{name: "a view without a plot", args: call("lens", hello, "--view", "boxes"), code: 2, says: []string{"--plot"}},
		{name: "targets without a word", args: call("lens", hello, "--view", "targets", "--plot", "x.png"), code: 2, says: []string{"--target WORD"}},
		{name: "targets of the text", args: call("lens", hello, "--view", "targets", "--target", "next", "--plot", "x.png"), code: 2, says: []string{"--target WORD"}},
		{name: "scatter of many cells", args: call("lens", hello, "--view", "scatter", "--plot", "x.png"), code: 2, says: []string{"one cell", "13 rows", "4 positions", "--layers"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			dir := inFolder(t)
			before := snapshot(t, dir)
			refused(t, golens(t, b.args(t, dir)...), b.code, b.says...)
			unchanged(t, dir, before)
		})
	}
}
