package page

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/internal/madeup"
)

func pageBytes(t *testing.T, o Options, results ...*lens.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, results, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cellAt is an expression for the cell of a line as shown, from above, and a column.
func cellAt(line, column int) string {
	return fmt.Sprintf("document.querySelector('#grid').tBodies[0].rows[%d].cells[%d]", line, column+1)
}

const (
	detailText = "document.getElementById('detail').innerText"
	liveText   = "document.getElementById('live').textContent"
	pinCount   = "document.querySelectorAll('#pins li').length"
)

// TestPageInBrowser looks at pages as their readers do.
func TestPageInBrowser(t *testing.T) {
	browser := newBrowser(t)
	for name, f := range map[string]func(*testing.T, func(Options, view, ...*lens.Result) *tab){
		"grid": testPageGrid, "hover": testPageHover, "pins": testPagePins, "gaps": testPageGaps, "keys": testPageKeys, "lines": testPageLines,
		"address": testPageAddress, "written": testPageWritten, "csv and json": testPageFiles, "pictures": testPagePictures, "hostile": testPageHostile,
		"several": testPageSeveral, "touch": testPageTouch, "print": testPagePrint, "read aloud": testPageAccessibility, "one cell": testPageSmallest,
	} {
		t.Run(name, func(t *testing.T) {
			f(t, func(o Options, v view, results ...*lens.Result) *tab {
				t.Helper()
				return open(t, browser, pageBytes(t, o, results...), v)
			})
		})
	}
}

type opener = func(Options, view, ...*lens.Result) *tab

// The grid has the texts of LensGrid, and each measure's colour is that of a figure.
func testPageGrid(t *testing.T, open opener) {
	words := madeup.Plain()
	next := madeup.Result{Prompt: []string{"The", " way", " you", " do"}, Rows: 5, K: 2, Vocab: append([]string(nil), synthetic.PlainWords...), Next: true}.Make()
	for _, r := range []*lens.Result{words, next} {
		for _, dark := range []bool{false, true} {
			b := open(Options{}, view{dark: dark}, r)
			g, err := report.LensGrid(r, report.GridOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, c := range g.Cells {
				want = append(want, c.Text)
			}
			if got := eval[[]string](b, "[...document.querySelectorAll('#grid tbody td')].map((e) => e.textContent)"); !reflect.DeepEqual(got, want) {
				t.Errorf("cells %q, want %q", got, want)
			}
			for p, h := range g.Columns {
				if got := eval[string](b, fmt.Sprintf("document.querySelector('#grid thead tr').cells[%d].textContent", p+1)); got != h.Note+h.Text {
					t.Errorf("head %d is %q, want %q", p, got, h.Note+h.Text)
				}
			}
			for _, by := range report.Measures {
				b.choose("by", string(by))
				checkColours(t, b, r, by, dark)
			}
			b.choose("by", "target-logprob")
			if got := eval[string](b, "document.querySelector('#legend p').textContent"); !strings.HasPrefix(got, "log-probability of ") {
				t.Errorf("the legend says %q", got)
			}
			b.choose("last", "top")
			if got, want := eval[string](b, cellAt(0, 0)+".textContent"), g.At(len(r.Rows)-1, 0).Text; got != want {
				t.Errorf("with the last layer on top, the first cell is %q, want %q", got, want)
			}
		}
	}
}

// checkColours compares each cell's colour with the measure's place in the colour map.
func checkColours(t *testing.T, b *tab, r *lens.Result, by report.Measure, dark bool) {
	t.Helper()
	g, err := report.LensGrid(r, report.GridOptions{By: by})
	if err != nil {
		t.Fatal(err)
	}
	got := eval[[]string](b, "[...document.querySelectorAll('#grid tbody td')].map((e) => getComputedStyle(e).backgroundColor)")
	for n, colour := range got {
		i, j := n/len(r.Positions), n%len(r.Positions)
		v := g.At(i, j).Value
		want := colormap.Unknown
		if math.IsNaN(v) && dark {
			want.R, want.G, want.B = 0x3a, 0x3e, 0x46
		} else if !math.IsNaN(v) {
			v = math.Floor(v*(colourSteps-1)+0.5) / (colourSteps - 1)
			if dark {
				v = 1 - v
			}
			if want, err = colormap.At("YlGnBu", v); err != nil {
				t.Fatal(err)
			}
		}
		if want := fmt.Sprintf("rgb(%d, %d, %d)", want.R, want.G, want.B); colour != want {
			t.Fatalf("by %s in the dark %v, row %d at %d is %s, want %s", by, dark, i, j, colour, want)
		}
	}
}

func testPageHover(t *testing.T, open opener) {
	r := madeup.Plain()
	b := open(Options{}, view{}, r)
	b.hover(cellAt(7, 2))
	P := len(r.Positions)
	text := eval[string](b, detailText)
	for k := range r.K {
		n := (7*P+2)*r.K + k
		id := r.TopIDs[n]
		for _, want := range []string{visible.Text(r.Pieces[id].Bytes), strconv.FormatInt(id, 10), fmt.Sprintf("% x", r.Pieces[id].Bytes)} {
			if !strings.Contains(text, want) {
				t.Errorf("the cell's candidates lack %q: %q", want, text)
			}
		}
		width := eval[string](b, fmt.Sprintf("document.querySelectorAll('.bar')[%d].style.width", k))
		if w, err := strconv.ParseFloat(strings.TrimSuffix(width, "%"), 64); err != nil || !(math.Abs(w-100*float64(r.TopProbs[n])) <= 0.01) {
			t.Errorf("bar %d is %s wide, want %v %%", k, width, 100*r.TopProbs[n])
		}
	}
	for _, want := range []string{"L6", "h.6", "position 2, after ·you", strconv.FormatFloat(float64(r.Entropy[7*P+2]), 'f', 2, 32), strconv.FormatFloat(float64(r.KL[7*P+2]), 'f', 2, 32)} {
		if !strings.Contains(text, want) {
			t.Errorf("the cell lacks %q: %q", want, text)
		}
	}
	b.hover(cellAt(7, 10)) // targets were looked for here
	text = eval[string](b, detailText)
	if want := strconv.FormatInt(r.Targets.Rank[7*2], 10); !strings.Contains(text, "targets") || !strings.Contains(text, want) {
		t.Errorf("no target of rank %s in %q", want, text)
	}
	b.hover("document.getElementById('title')")
	want(b, detailText, "Point at a cell, or move to it with the arrow keys.")
}

func testPageSeveral(t *testing.T, open opener) {
	first, second := madeup.Plain(), madeup.Result{Prompt: []string{"a", "b"}, Rows: 3, K: 2, Vocab: append([]string(nil), synthetic.PlainWords...), Next: true}.Make()
	second.Name = "the second"
	b := open(Options{By: report.ByTargetRank}, view{}, first, second)
	b.click(cellAt(1, 5))
	b.choose("which", "1")
	want(b, "document.querySelectorAll('#grid tbody td').length", 6)
	want(b, pinCount, 0)
	want(b, "document.getElementById('by').value", "target-rank")
	want(b, "document.getElementById('prompt').textContent", "ab")
	b.until("location.hash === '#prompt=1'")
	_, name := b.download("save-csv")
	if name != "the-second.csv" {
		t.Errorf("the file is called %q", name)
	}
}

// Of a text that the model wrote, the page says which part that is.
func testPageWritten(t *testing.T, open opener) {
	r := madeup.Written(5)
	b := open(Options{}, view{}, r)
	want(b, "document.querySelector('#prompt .new').textContent", `x\xff`)
	want(b, "[...document.querySelectorAll('#grid thead .new .at')].map((e) => e.textContent).join(' ')", "5 6 7 8 9 10")
	want(b, "document.getElementById('manner').textContent", `7 new tokens, each the likeliest; stopped at "\x1b".`)
	want(b, "document.querySelector('#grid tfoot').rows[0].cells[11].textContent", report.TokenText(r.Pieces[r.Written.Sequence[11]]))
	want(b, cellAt(12, 10)+".classList.contains('hit')", true)
}

// On paper the grid stands in bands with all its cells.
func testPagePrint(t *testing.T, open opener) {
	r := madeup.Plain()
	b := open(Options{}, view{dark: true}, r)
	b.do("dispatchEvent(new Event('beforeprint'))")
	want(b, "document.querySelectorAll('.band').length", 2)
	want(b, "document.querySelectorAll('.band tbody td[class]').length", len(r.Rows)*len(r.Positions))
	want(b, "document.querySelector('#print .made').textContent.includes('gpt2 · notebook lens at resid')", true)
	want(b, "document.querySelector('#print-legend p').textContent", "probability of the likeliest token")
	b.do("dispatchEvent(new Event('afterprint'))")
	want(b, "document.querySelectorAll('.band').length", 0)
	paper, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil || !bytes.HasPrefix(paper, []byte("%PDF")) {
		t.Errorf("printing: %v", err)
	}
}

// A screen reader finds a grid with its heads and cells.
func testPageAccessibility(t *testing.T, open opener) {
	r := madeup.Plain()
	b := open(Options{}, view{}, r)
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]int{}
	for _, n := range tree.Nodes {
		if n.Role != nil && !n.Ignored {
			roles[strings.Trim(string(n.Role.Value), `"`)]++
		}
	}
	cells := len(r.Rows) * len(r.Positions)
	if roles["grid"] != 1 || roles["gridcell"] < cells || roles["columnheader"] != len(r.Positions) || roles["rowheader"] < len(r.Rows) {
		t.Errorf("a reader finds %v", roles)
	}
}

func testPageSmallest(t *testing.T, open opener) {
	r := madeup.Result{Prompt: []string{"a"}, Rows: 1, K: 1, Vocab: []string{"a"}}.Make()
	b := open(Options{}, view{}, madeup.Follow(r))
	b.click(cellAt(0, 0))
	b.press("c")
	want(b, pinCount, 1)
	want(b, "document.querySelectorAll('#grid tbody td').length", 1)
	b.download("save-png")
}
