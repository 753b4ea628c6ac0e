package figure

import (
	"math"

	"github.com/golens/golens/figure/draw"
)

// A part is a panel made ready to be drawn. Its inner area holds the cells or the
// plot; labels and the like stand around it.
type part interface {
	title() string
	titleAlign() align
	// least returns the size of the inner area below which texts are illegible.
	least() (w, h float64)
	// wish returns the width that the inner area should have, and wishHeight its
	// height at a given width.
	wish() float64
	wishHeight(w float64) float64
	// around returns the room that labels take around an inner area of a size.
	around(w, h float64) sides
	draw(p *page, in draw.Rect)
}

// sides are the widths of a border.
type sides struct{ left, top, right, bottom float64 }

// A layout says where the parts of a figure stand; lengths are points.
type layout struct {
	*setting
	f             *Figure
	parts         []part
	width, height float64
	heading       []string // the figure's title in lines
	titles        [][]string
	inner         []draw.Rect
	outer         []draw.Rect // from the title to the lowest label
	wantW, wantH  float64     // asked for, 0 for none
	fixed         bool        // all parts have one size, to which they are scaled
	enlarge       float64     // of what is not fixed, beside its size
}

const (
	margin      = 14
	panelGap    = 20
	titleSize   = 11
	headingSize = 13
	titleGap    = 6  // below a title
	bareNote    = 16 // of what a bare figure leaves out
)

// newLayout returns the layout of a figure; bare leaves the texts of cells out.
func newLayout(f *Figure, o Options, bare bool) (*layout, error) {
	s, err := newSetting(o, bare)
	if err != nil {
		return nil, err
	}
	l := &layout{setting: s, f: f, fixed: true}
	for _, panel := range f.Panels {
		p, err := panel.part(s)
		if err != nil {
			return nil, err
		}
		l.parts = append(l.parts, p)
		_, isGrid := panel.(*Grid)
		l.fixed = l.fixed && isGrid
	}
	l.inner, l.outer = make([]draw.Rect, len(l.parts)), make([]draw.Rect, len(l.parts))
	l.titles = make([][]string, len(l.parts))
	w, h := f.Width, f.Height
	if s.options.Width > 0 || s.options.Height > 0 {
		w, h = s.options.Width, s.options.Height
	}
	l.wantW, l.wantH = 72*w, 72*h
	if l.fixed {
		l.arrange(0, 0)
	} else {
		l.enlarge = enlargement(l.wantW, l.wantH)
		l.arrange(l.wantW/l.enlarge, l.wantH/l.enlarge)
		if l.width*l.enlarge > l.wantW+1 || l.height*l.enlarge > l.wantH+1 { // there is no room to spare
			l.enlarge = 1
			l.arrange(l.wantW, l.wantH)
		}
	}
	return l, nil
}

// enlargement returns by how much letters and lines grow with a figure, which is
// looked at from farther away, or smaller, when it is more than 60 square inches.
func enlargement(w, h float64) float64 {
	const ordinary = 60 * 72 * 72
	return math.Min(1.6, math.Max(1, math.Pow(w*h/ordinary, 0.4)))
}

// texts returns the title of the figure and those of its parts. A title of the
// options takes the place of the figure's or, of a single panel, of the panel's.
func (l *layout) texts() (heading string, titles []string) {
	for _, p := range l.parts {
		titles = append(titles, p.title())
	}
	heading = l.f.Title
	switch o := l.options.Title; {
	case o == "":
	case heading == "" && len(titles) == 1:
		titles[0] = o
	default:
		heading = o
	}
	return heading, titles
}

// name returns what the figure is called where it cannot be seen.
func (l *layout) name() string {
	heading, titles := l.texts()
	if heading != "" {
		return heading
	}
	return titles[0]
}

// arrange sets all places within a width and a height, 0 for what the content
// wishes. The figure is larger where the content needs more.
func (l *layout) arrange(w, h float64) {
	heading, titles := l.texts()
	around := make([]sides, len(l.parts))
	wishes := 0.0
	for i, p := range l.parts {
		least, _ := p.least()
		l.inner[i].W = math.Max(p.wish(), least)
		l.inner[i].H = math.Max(p.wishHeight(l.inner[i].W), 1)
		wishes += l.inner[i].W
	}
	// What stands around depends on the size of what is within, and the other way
	// round; a few rounds settle it.
	for range 4 {
		var top, over, bottom, labels float64
		for i, p := range l.parts {
			around[i] = p.around(l.inner[i].W, l.inner[i].H)
			labels += around[i].left + around[i].right
		}
		free := w - 2*margin - panelGap*float64(len(l.parts)-1) - labels
		l.width = 2*margin + panelGap*float64(len(l.parts)-1)
		for i, p := range l.parts {
			in := &l.inner[i]
			if least, _ := p.least(); w > 0 {
				in.W = math.Max(least, free*math.Max(p.wish(), least)/wishes)
			}
			l.outer[i].W = in.W + around[i].left + around[i].right
			l.width += l.outer[i].W
			l.titles[i] = l.bold.Wrap(titles[i], l.outer[i].W, titleSize)
			if titles[i] == "" {
				l.titles[i] = nil
			}
			over = math.Max(over, around[i].top) // the titles stand on one line
			top = math.Max(top, titleHeight(l.titles[i], titleSize))
			bottom = math.Max(bottom, around[i].bottom)
		}
		l.heading = nil
		if heading != "" {
			l.heading = l.bold.Wrap(heading, l.width-2*margin, headingSize)
		}
		top += over + titleHeight(l.heading, headingSize) + margin
		bottom += margin
		if l.bare {
			bottom += bareNote
		}
		height := 0.0
		for i, p := range l.parts {
			_, least := p.least()
			if h > 0 {
				height = math.Max(height, math.Max(least, h-top-bottom))
			} else {
				height = math.Max(height, math.Max(least, p.wishHeight(l.inner[i].W)))
			}
		}
		l.height = top + height + bottom
		x := float64(margin)
		for i := range l.parts {
			l.inner[i] = draw.Rect{X: x + around[i].left, Y: top, W: l.inner[i].W, H: height}
			own := titleHeight(l.titles[i], titleSize)
			l.outer[i] = draw.Rect{X: x, Y: top - over - own, W: l.outer[i].W, H: own}
			x += l.outer[i].W + panelGap
		}
	}
}

func titleHeight(lines []string, size float64) float64 {
	if len(lines) == 0 {
		return 0
	}
	return float64(len(lines))*size*lineSpace + titleGap
}

// fit returns the size of the canvas, and by how much the layout is scaled to it.
func (l *layout) fit() (width, height, scale float64) {
	scale = 1
	if !l.fixed {
		scale = l.enlarge
	}
	strict := l.options.Width > 0 || l.options.Height > 0
	if !strict && !l.fixed || l.wantW == 0 && l.wantH == 0 {
		return l.width * scale, l.height * scale, scale
	}
	if l.fixed {
		scale = math.Inf(1)
	}
	if l.wantW > 0 {
		scale = math.Min(scale, l.wantW/l.width)
	}
	if l.wantH > 0 {
		scale = math.Min(scale, l.wantH/l.height)
	}
	width, height = l.width*scale, l.height*scale
	if l.wantW > 0 {
		width = l.wantW
	}
	if l.wantH > 0 {
		height = l.wantH
	}
	return width, height, scale
}

func (l *layout) draw(p *page) {
	p.lines(l.heading, draw.Rect{X: margin, Y: margin, W: l.width - 2*margin}, textStyle{l.bold, headingSize, 6, l.look.ink, alignCentre})
	for i, part := range l.parts {
		at := l.outer[i]
		if part.titleAlign() == alignCentre {
			// Over the plot, as long as it stays within the figure.
			w := 0.0
			for _, line := range l.titles[i] {
				w = math.Max(w, l.bold.Width(line, titleSize))
			}
			in := l.inner[i]
			if x := in.X + in.W/2 - w/2; x >= at.X && x+w <= at.X+at.W {
				at.X, at.W = x, w
			}
		}
		p.lines(l.titles[i], at, textStyle{l.bold, titleSize, 6, l.look.ink, part.titleAlign()})
		part.draw(p, l.inner[i])
	}
	if l.bare {
		p.text("too many cells for their texts: choose fewer positions to read them",
			draw.Rect{X: margin, Y: l.height - margin - noteRow, W: l.width - 2*margin, H: noteRow},
			textStyle{l.normal, noteSize + 0.5, 4, l.look.note, alignLeft})
	}
}
