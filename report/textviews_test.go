package report

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/golden"
	"github.com/golens/golens/report/internal/madeup"
	"github.com/golens/golens/report/terminal"
)

func TestTextTable(t *testing.T) {
	m := madeup.Text()
	var b bytes.Buffer
	if err := (terminal.Terminal{Width: 100}).Table(&b, TextTable(m)); err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "text.txt", b.Bytes())
	m.Whole, m.Prefix, m.Bytes = false, nil, 0
	b.Reset()
	if err := (terminal.Terminal{Width: 100}).Table(&b, TextTable(m)); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "where it was stopped") || strings.Contains(s, "in front of") || strings.Contains(s, "a byte") {
		t.Errorf("%s", s)
	}
}

// TestTextFigure: the lines of the figure hold the means; a text of windows of one token
// has no places.
func TestTextFigure(t *testing.T) {
	m := madeup.Text()
	f := TextFigure(m)
	if len(f.Panels) != 3 {
		t.Fatalf("%d panels", len(f.Panels))
	}
	nats := f.Panels[0].(*figure.Axes)
	if l := nats.Marks[1].(*figure.Line); l.Label != "entropy" || !slices.Equal(l.Y, m.Entropy) || !slices.Equal(l.X, []float64{0, 1}) {
		t.Errorf("%+v", l)
	}
	if l := f.Panels[1].(*figure.Axes).Marks[0].(*figure.Line); l.Label != "next token within 10" || !slices.Equal(l.Y, []float64{0.3, 0.8}) {
		t.Errorf("%+v", l)
	}
	if l := f.Panels[2].(*figure.Axes).Marks[1].(*figure.Line); l.Label != "emb" || !slices.Equal(l.Y, []float64{1, 2, 3}) {
		t.Errorf("%+v", l)
	}
	for _, format := range figure.Formats {
		var b bytes.Buffer
		if err := figure.Write(&b, format, f, figure.Options{}); err != nil || b.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", format, b.Len(), err)
		}
	}
	m.Chunk = 1
	if n := len(TextFigure(m).Panels); n != 2 {
		t.Errorf("%d panels of windows of one token", n)
	}
}

// TestTextPlaces: places are drawn in groups, each place by its number of targets.
func TestTextPlaces(t *testing.T) {
	m := madeup.Text()
	m.Chunk, m.PlaceTargets, m.PlaceCrossEntropy = 60, make([]int64, 60), make([]float64, 120)
	for p := range 59 {
		m.PlaceTargets[p], m.PlaceCrossEntropy[p], m.PlaceCrossEntropy[60+p] = int64(1+p%2), float64(p), 1
	}
	m.PlaceCrossEntropy[59] = math.NaN()
	l := textPlaces(m).Marks[0].(*figure.Line)
	if len(l.X) != 30 || l.X[0] != 0.5 || l.Y[0] != 2.0/3 || l.X[29] != 58.5 || l.Y[29] != 58 {
		t.Errorf("%d dots: %v %v", len(l.X), l.X, l.Y)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 50_257: "50,257", 1_234_567: "1,234,567", -123: "-123", -1234: "-1,234"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}
