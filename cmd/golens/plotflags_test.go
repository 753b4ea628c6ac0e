package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drawnFiles returns the names of the files that a call of golens lens leaves in a
// folder of its own; DIR in a flag stands for it.
func drawnFiles(t *testing.T, flags ...string) (dir string, names []string) {
	t.Helper()
	dir = t.TempDir()
	args := []string{"lens", "the cat", "--model", tiny(t), "-q"}
	for _, f := range flags {
		args = append(args, strings.ReplaceAll(f, "DIR", dir))
	}
	good(t, args...)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return dir, names
}

func TestPlotFiles(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--plot", "DIR/x.PNG"}, "x.PNG"},
		{[]string{"--plot", "DIR/x.svg", "--formats", "png, PDF,png"}, "x.pdf x.png"},
		{[]string{"--plot", "DIR/x.y", "--formats", "svg"}, "x.y.svg"},
		{[]string{"--plot", "DIR/x.svg", "--theme", "both"}, "x-dark.svg x.svg"},
		{[]string{"--plot", "DIR/x.svg", "--theme", "dark"}, "x.svg"},
		{[]string{"--plot", "DIR/x.png", "--theme", "both", "--formats", "svg,pdf"}, "x-dark.pdf x-dark.svg x.pdf x.svg"},
	} {
		if _, names := drawnFiles(t, c.flags...); strings.Join(names, " ") != c.want {
			t.Errorf("%q: %q, want %s", c.flags, names, c.want)
		}
	}
}

// The size, the resolution, the theme and the colours are those that were asked for.
func TestPlotLooks(t *testing.T) {
	dir, _ := drawnFiles(t, "--plot", "DIR/x.png", "--figsize", "4x3", "--dpi", "100", "--theme", "dark", "--cmap", "Reds_r", "--title", "My title")
	file, err := os.ReadFile(filepath.Join(dir, "x.png"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if size := m.Bounds().Size(); size.X != 400 || size.Y != 300 {
		t.Errorf("4x3 inches at 100 dots are %v", size)
	}
	if r, g, b, _ := m.At(0, 0).RGBA(); r>>8 != 0x38 || g>>8 != 0x38 || b>>8 != 0x38 {
		t.Errorf("the dark ground is %x %x %x", r>>8, g>>8, b>>8)
	}
	reds := func(cmap ...string) int {
		dir, _ := drawnFiles(t, append([]string{"--plot", "DIR/x.svg", "--title", "My title"}, cmap...)...)
		svg, err := os.ReadFile(filepath.Join(dir, "x.svg"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(svg), "<title>My title</title>") {
			t.Errorf("%q: another title", cmap)
		}
		return strings.Count(string(svg), "#67000d") // the dark end of Reds, which the scale shows
	}
	if reds() != 0 || reds("--cmap", "Reds") == 0 {
		t.Error("--cmap does not change the colours")
	}
}

func TestBadPlotFlags(t *testing.T) {
	for _, c := range []struct{ flags, says []string }{
		{[]string{"--dpi", "100"}, []string{"--dpi", "add --plot"}},
		{[]string{"--title", "x"}, []string{"--title", "add --plot"}},
		{[]string{"--plot", "x.png", "--dpi", "0"}, []string{"--dpi 0", "2400"}},
		{[]string{"--plot", "x.png", "--dpi", "9999"}, []string{"--dpi 9999", "2400"}},
		{[]string{"--plot", "x.png", "--figsize", "3"}, []string{"--figsize 3", "such as 8,4"}},
		{[]string{"--plot", "x.png", "--figsize", "3,-1"}, []string{"--figsize 3,-1", `"-1"`}},
		{[]string{"--plot", "x.png", "--figsize", "nan,1"}, []string{"--figsize", `"nan"`}},
		{[]string{"--plot", "x.png", "--figsize", "0,0"}, []string{"--figsize 0,0", "above 0"}},
		{[]string{"--plot", "x.png", "--figsize", "3,201"}, []string{"--figsize", "200"}},
		{[]string{"--plot", "x.png", "--theme", "blue"}, []string{"--theme blue", "light, dark and both"}},
		{[]string{"--plot", "x.png", "--cmap", "jet"}, []string{"--cmap", `"jet"`, "viridis"}},
		{[]string{"--plot", "x.png", "--formats", "png,gif"}, []string{"--formats png,gif", "png, svg, pdf"}},
		{[]string{"--plot", "x", "--theme", "both"}, []string{"--plot", ".png, .svg or .pdf"}},
	} {
		got := golens(t, append([]string{"lens", "the cat", "--model", tiny(t)}, c.flags...)...)
		if got.code != 2 || slices.ContainsFunc(c.says, func(s string) bool { return !strings.Contains(got.stderr, s) }) {
			t.Errorf("%q: status %d, %q", c.flags, got.code, got.stderr)
		}
	}
}
