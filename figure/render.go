package figure

import (
	"bytes"
	"math"
	"slices"

	"github.com/golens/golens/figure/draw"
)

const (
	// maxBytes is what a figure should not exceed, so that it can be sent and shown.
	maxBytes = 1_000_000
	// readableCells is how many cells with texts are drawn at most: their letters
	// alone take about maxBytes.
	readableCells = 8_000
	// quickPixels is how many dots a PNG has at most where nobody asked for them.
	quickPixels = 60e6
	// layerPixels is how many a raster layer in a vector format has at most.
	layerPixels   = 5e6
	leastLayerDPI = 25
)

// render returns the figure in a format: in the best quality that stays within
// maxBytes, and where none does, as small as it gets.
func render(f *Figure, format string, o Options) ([]byte, error) {
	cells := 0
	for _, p := range f.Panels {
		if p, ok := p.(interface{ texts() int }); ok {
			cells += p.texts()
		}
	}
	var b []byte
	for _, bare := range []bool{false, true} {
		if !bare && cells > readableCells {
			continue
		}
		l, err := newLayout(f, o, bare)
		if err != nil {
			return nil, err
		}
		asked := format == "png" && o.DPI > 0 // for whatever it takes
		if b, err = l.render(format); err != nil || len(b) <= maxBytes || cells == 0 || asked {
			return b, err
		}
	}
	return b, nil
}

// render returns the layout in a format, with as many dots as maxBytes allows.
func (l *layout) render(format string) ([]byte, error) {
	if format != "png" {
		w, h, _ := l.fit()
		dpi := min(200, 72*math.Sqrt(layerPixels/(w*h)))
		b, err := l.paint(format, defaultDPI, dpi)
		for err == nil && len(b) > maxBytes && dpi > leastLayerDPI && l.clouded() {
			dpi = max(leastLayerDPI, dpi*min(0.9, 0.95*math.Sqrt(maxBytes/float64(len(b)))))
			b, err = l.paint(format, defaultDPI, dpi)
		}
		return b, err
	}
	if l.options.DPI > 0 {
		return l.paint(format, float64(l.options.DPI), 0)
	}
	dpi := float64(defaultDPI)
	w, h, _ := l.fit()
	for dpi > leastDPI && w*h*dpi*dpi/(72*72) > quickPixels {
		dpi = max(dpi-10, leastDPI)
	}
	b, err := l.paint(format, dpi, 0)
	// Most of the bytes are the edges of letters, whose number of dots grows with
	// the resolution, not with its square.
	for err == nil && len(b) > maxBytes && dpi > leastDPI {
		dpi = max(leastDPI, min(dpi-1, float64(int(dpi*maxBytes/float64(len(b))*0.97))))
		b, err = l.paint(format, dpi, 0)
	}
	return b, err
}

// clouded says whether there are dots that vector formats hold as an image.
func (l *layout) clouded() bool {
	for _, p := range l.f.Panels {
		if a, ok := p.(*Axes); ok && slices.ContainsFunc(a.Marks, func(m Mark) bool { d, ok := m.(*Dots); return ok && d.Cloud }) {
			return true
		}
	}
	return false
}

// paint returns the layout in a format at numbers of dots per inch of PNG and of
// raster layers.
func (l *layout) paint(format string, dpi, layerDPI float64) ([]byte, error) {
	width, height, scale := l.fit()
	o := draw.Options{Width: width, Height: height, DPI: dpi, Title: l.name(), Ground: l.look.ground, LayerDPI: layerDPI, Limit: maxBytes}
	if l.options.Transparent {
		o.Ground = draw.Transparent
	}
	on, err := draw.New(format, o)
	if err != nil {
		return nil, err
	}
	pg := &page{setting: l.setting, on: on, scale: scale, dx: (width - l.width*scale) / 2, dy: (height - l.height*scale) / 2}
	if l.draw(pg); pg.err != nil {
		return nil, pg.err
	}
	var b bytes.Buffer
	if _, err := on.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
