package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
)

// plotFlags are the flags of a command that draws; what says what is drawn.
func plotFlags(what string) []cli.Flag {
	const category = "Figure"
	return []cli.Flag{
		&cli.StringFlag{Name: "plot", Category: category, Usage: "`FILE`: draw " + what + "; the name ends in .png, .svg or .pdf"},
		&cli.StringFlag{Name: "formats", Category: category, Usage: "`LIST`: draw FILE once in each of these formats: png, svg, pdf"},
		&cli.StringFlag{Name: "theme", Category: category, Value: "light", Usage: "`THEME`: light, dark or both; with both, the dark file's name ends in -dark"},
		&cli.StringFlag{Name: "figsize", Category: category, Usage: "`W,H`: size in inches; 0 for W or H keeps the proportions. Without it, as large as the content needs"},
		&cli.IntFlag{Name: "dpi", Category: category, Usage: "`N`: dots per inch of png; without it 150, or fewer if the file would be over 1 MB"},
		&cli.StringFlag{Name: "cmap", Category: category, Usage: "`MAP`: the colour map, such as Reds, viridis or RdYlBu_r"},
		&cli.StringFlag{Name: "title", Category: category, Usage: "`TEXT`: the title, instead of the figure's own"},
	}
}

// A plot is a figure's file, and how it is drawn there.
type plot struct {
	path, format string
	options      figure.Options
}

func (p plot) draw(w io.Writer, d figure.Drawing) error {
	return figure.Write(w, p.format, d, p.options)
}

// plots returns the files that --plot and the flags beside it ask for, none
// without --plot.
func plots(c *cli.Context) ([]plot, error) {
	path := c.String("plot")
	if !c.IsSet("plot") {
		for _, flag := range []string{"formats", "theme", "figsize", "dpi", "cmap", "title"} {
			if c.IsSet(flag) && !(c.IsSet("html") && slices.Contains(pageLooks, flag)) {
				return nil, usage(c, "--%s says how --plot draws: add --plot FILE", flag)
			}
		}
		return nil, nil
	}
	if path == "" {
		return nil, usage(c, "--plot: the file name is empty")
	}
	if path == "-" {
		return nil, usage(c, "--plot -: a file name is needed, which says the format: .png, .svg or .pdf")
	}
	o, err := figureOptions(c)
	if err != nil {
		return nil, err
	}
	formats, stem, err := plotFormats(c, path)
	if err != nil {
		return nil, err
	}
	var out []plot
	for _, theme := range plotThemes(c) {
		o.Theme = theme
		for _, format := range formats {
			name := path // as it was written, when it says the format by itself
			if theme == figure.Dark && c.String("theme") == "both" {
				name = stem + "-dark." + format
			} else if c.IsSet("formats") {
				name = stem + "." + format
			}
			out = append(out, plot{name, format, o})
		}
	}
	return out, nil
}

// plotFormats returns the formats to draw in, and path without its ending.
func plotFormats(c *cli.Context, path string) (formats []string, stem string, err error) {
	format, err := figure.FormatOf(path)
	if err == nil {
		stem = strings.TrimSuffix(path, filepath.Ext(path))
	} else {
		stem = path
	}
	if !c.IsSet("formats") {
		if err != nil {
			return nil, "", wrong(c, fmt.Errorf("--plot: %w", err))
		}
		return []string{format}, stem, nil
	}
	for _, f := range strings.Split(c.String("formats"), ",") {
		f = strings.ToLower(strings.TrimSpace(f))
		if !slices.Contains(figure.Formats, f) {
			return nil, "", usage(c, "--formats %s: there are %s", c.String("formats"), strings.Join(figure.Formats, ", "))
		}
		if !slices.Contains(formats, f) {
			formats = append(formats, f)
		}
	}
	return formats, stem, nil
}

func plotThemes(c *cli.Context) []figure.Theme {
	if c.String("theme") == "both" {
		return figure.Themes
	}
	return []figure.Theme{figure.Theme(c.String("theme"))}
}

// figureOptions reads the flags that say how a figure is drawn, but for its theme.
func figureOptions(c *cli.Context) (o figure.Options, err error) {
	if theme := c.String("theme"); theme != "both" {
		if _, err := figure.ParseTheme(theme); err != nil {
			return o, usage(c, "--theme %s: there are light, dark and both", theme)
		}
	}
	if c.IsSet("figsize") {
		if o.Width, o.Height, err = parseSize(c.String("figsize")); err != nil {
			return o, usage(c, "--figsize %s: %v", c.String("figsize"), err)
		}
	}
	if o.DPI = c.Int("dpi"); c.IsSet("dpi") && (o.DPI < 1 || o.DPI > maxDPI) {
		return o, usage(c, "--dpi %d: it must be from 1 to %d", o.DPI, maxDPI)
	}
	if o.ColourMap = c.String("cmap"); c.IsSet("cmap") {
		if _, err := colormap.At(o.ColourMap, 0); err != nil {
			return o, wrong(c, fmt.Errorf("--cmap: %w", err))
		}
	}
	o.Title = c.String("title")
	return o, nil
}

const (
	maxDPI    = 2400
	maxInches = 200 // as PDF allows
)

// parseSize reads a width and a height in inches, such as "8,4" or "8x4".
func parseSize(s string) (width, height float64, err error) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == 'x' || r == '×' })
	if len(parts) != 2 {
		return 0, 0, fmt.Errorf("it must be a width and a height in inches, such as 8,4")
	}
	var size [2]float64
	for i, part := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(v) || v < 0 || v > maxInches {
			return 0, 0, fmt.Errorf("%q is no number of inches from 0 to %d", part, maxInches)
		}
		size[i] = v
	}
	if size[0] == 0 && size[1] == 0 {
		return 0, 0, fmt.Errorf("one of the two must be above 0")
	}
	return size[0], size[1], nil
}
