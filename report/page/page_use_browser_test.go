package page

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/report/internal/madeup"
)

func testPagePins(t *testing.T, open opener) {
	r := madeup.Follow(madeup.Plain())
	b := open(Options{}, view{}, r)
	P := len(r.Positions)
	b.click(cellAt(12, 3))
	b.click(cellAt(4, 8))
	want(b, pinCount, 2)
	want(b, cellAt(4, 8)+".dataset.pin", "2")
	want(b, "document.querySelectorAll('#grid [aria-selected=\"true\"]').length", 2)
	// The curve's numbers are the track's, row by row, as probabilities.
	b.choose("scale", "prob")
	id := r.TopIDs[(4*P+8)*r.K]
	for i := range r.Rows {
		for n := range r.Tracks.N {
			if r.Tracks.IDs[8*r.Tracks.N+n] != id {
				continue
			}
			wanted := float64(r.Tracks.Prob[(i*P+8)*r.Tracks.N+n])
			title := eval[string](b, fmt.Sprintf("document.querySelectorAll('#pins-numbers tbody tr')[%d].cells[2].textContent", i))
			got, err := strconv.ParseFloat(strings.NewReplacer("\u2009%", "", "−", "-").Replace(title), 64)
			if err != nil || !(math.Abs(got-100*wanted) <= 0.05*math.Max(got, 0.1)) {
				t.Errorf("row %d of the curve is %q, want %v", i, title, wanted)
			}
		}
	}
	want(b, "document.querySelectorAll('#pins-chart path').length", 2)
	want(b, "document.getElementById('pins-note').hidden", true)
	// A candidate that is not the likeliest is pinned from the cell's list.
	b.hover(cellAt(4, 8))
	b.do("document.querySelectorAll('.follow')[2].click()")
	want(b, pinCount, 3)
	want(b, "document.activeElement === document.querySelectorAll('.follow')[2]", true)
	b.click(cellAt(12, 3)) // once more lets it go
	want(b, pinCount, 2)
	want(b, cellAt(12, 3)+".hasAttribute('aria-selected')", false)
	b.click("document.querySelector('#pins .away')")
	want(b, pinCount, 1)
	want(b, "document.activeElement.className", "away") // the next one's, for who has no mouse
	b.click("document.getElementById('unpin')")
	want(b, pinCount, 0)
	want(b, "document.getElementById('pins-none').hidden", false)
	for p := range 11 { // no more than twelve
		b.do(cellAt(12, p) + ".click();" + cellAt(3, p) + ".click()")
	}
	want(b, pinCount, 12)
	if got := eval[string](b, liveText); !strings.Contains(got, "No more than 12") {
		t.Errorf("a reader is told %q", got)
	}
}

// Without tracks a curve has gaps, and the page says why.
func testPageGaps(t *testing.T, open opener) {
	r := madeup.Plain()
	b := open(Options{}, view{}, r)
	b.click(cellAt(12, 3))
	P, id, known := len(r.Positions), r.TopIDs[(12*len(r.Positions)+3)*r.K], 0
	for i := range r.Rows {
		for k := range r.K {
			if r.TopIDs[(i*P+3)*r.K+k] == id {
				known++
			}
		}
	}
	if known == len(r.Rows) {
		t.Fatal("the token is known everywhere: no test of gaps")
	}
	want(b, "[...document.querySelectorAll('#pins-numbers tbody td')].filter((e) => e.textContent).length", known)
	want(b, "document.querySelectorAll('#pins-chart circle title').length", known)
	if got := eval[string](b, "document.getElementById('pins-note').innerText"); !strings.Contains(got, "only in rows where they are among the 5 likeliest") {
		t.Errorf("the page says %q of gaps", got)
	}
}

func testPageKeys(t *testing.T, open opener) {
	r := madeup.Follow(madeup.Plain())
	b := open(Options{LastOnTop: true}, view{}, r)
	place := func(i, j int) {
		t.Helper()
		want(b, "String(document.activeElement.place)", fmt.Sprintf("%d,%d", i, j))
		want(b, "document.querySelectorAll('#grid [tabindex=\"0\"]').length", 1)
	}
	b.do("document.querySelector('#grid [tabindex=\"0\"]').focus()")
	place(12, 0)
	b.press(kb.ArrowRight + kb.ArrowDown)
	place(11, 1)
	cell := (11*len(r.Positions) + 1) * r.K
	if got, want := eval[string](b, liveText), "L10, position 1, after ·way: "+visible.Text(r.Pieces[r.TopIDs[cell]].Bytes); !strings.HasPrefix(got, want) {
		t.Errorf("read aloud is %q, want %q", got, want)
	}
	b.press(kb.End)
	place(11, 10)
	b.press(kb.Home + kb.PageDown)
	place(1, 0)
	b.press(kb.PageDown + kb.ArrowDown)
	place(0, 0)
	b.press(kb.End, chromedp.KeyModifiers(kb.ModifierCtrl))
	place(0, 10)
	b.press(kb.Home, chromedp.KeyModifiers(kb.ModifierCtrl))
	place(12, 0)
	b.press(kb.Enter)
	want(b, pinCount, 1)
	b.press(" ")
	want(b, pinCount, 0)
	b.press(kb.ArrowUp)
	place(-1, 0)
	b.press(kb.ArrowUp + kb.ArrowLeft)
	place(-1, 0)
	b.press(kb.Enter)
	want(b, "document.getElementById('line-head').textContent", "Position 0, after The")
	b.press(kb.Escape)
	want(b, "document.getElementById('line-part').hidden", true)
	b.press(kb.ArrowDown + "r")
	want(b, "document.getElementById('line-head').textContent", "Row L11")
	b.press("c")
	want(b, "document.getElementById('line-head').textContent", "Position 0, after The")
	b.press(kb.ArrowLeft)
	place(12, -1)
	b.press(kb.Enter)
	want(b, "document.getElementById('line-head').textContent", "Row L11")
	// A cell that is gone to by keys is seen.
	b.press(kb.Home + kb.End + kb.PageDown + kb.PageDown)
	if !eval[bool](b, "(() => { const c = document.activeElement.getBoundingClientRect(), s = document.getElementById('scroll').getBoundingClientRect(); return c.left >= s.left && c.right <= s.right && c.bottom <= s.bottom; })()") {
		t.Error("the focus is out of sight")
	}
}

func testPageLines(t *testing.T, open opener) {
	r := madeup.Plain()
	b := open(Options{}, view{}, r)
	b.click("document.querySelector('#grid thead tr').cells[11]") // the column with targets
	want(b, "document.querySelectorAll('#line-charts figure').length", 4)
	P := len(r.Positions)
	for i := range r.Rows {
		cells := eval[[]string](b, fmt.Sprintf("[...document.querySelectorAll('#line-numbers tbody tr')[%d].cells].map((e) => e.textContent)", i))
		wanted := []string{r.Rows[i].Label, "", strconv.FormatFloat(float64(r.Entropy[i*P+10]), 'f', 2, 32), strconv.FormatFloat(float64(r.KL[i*P+10]), 'f', 2, 32),
			strings.Replace(strconv.FormatFloat(float64(r.Targets.LogProb[2*i]), 'f', 2, 32), "-", "−", 1)}
		wanted[1] = cells[1]
		if !reflect.DeepEqual(cells, wanted) {
			t.Errorf("row %d has %q, want %q", i, cells, wanted)
		}
	}
	b.choose("target", "1")
	want(b, "document.querySelectorAll('#line-charts figcaption')[3].textContent", "log-probability of ·way")
	b.click("document.querySelector('#grid tbody').rows[2].cells[0]")
	want(b, "document.getElementById('line-head').textContent", "Row L1")
	want(b, "document.querySelectorAll('#line-numbers tbody tr').length", P)
	b.click("document.getElementById('line-close')")
	want(b, "document.getElementById('line-part').hidden", true)
}

// The address has the view, and opens it again; one that fits nothing opens the page as it is.
func testPageAddress(t *testing.T, open opener) {
	r := madeup.Follow(madeup.Plain())
	b := open(Options{}, view{}, r)
	b.choose("by", "kl")
	b.choose("last", "top")
	b.choose("size", "small")
	b.click(cellAt(0, 3)) // row 12
	b.click("document.querySelector('#grid tbody').rows[1].cells[0]")
	id := r.TopIDs[(12*len(r.Positions)+3)*r.K]
	fragment := fmt.Sprintf("#by=kl&last=top&size=small&cell=12.3&pin=12.3.%d&row=11", id)
	b.until(fmt.Sprintf("location.hash === %q", fragment))
	again := open(Options{}, view{fragment: fragment}, r)
	want(again, "document.getElementById('by').value + document.getElementById('last').value + document.getElementById('size').value", "kltopsmall")
	want(again, pinCount, 1)
	far := open(Options{}, view{width: 500, height: 400, fragment: "#cell=12.10"}, r)
	if !eval[bool](far, "(() => { const c = "+cellAt(12, 10)+".getBoundingClientRect(), s = document.getElementById('scroll').getBoundingClientRect(); return c.left >= s.left && c.right <= s.right && c.bottom <= s.bottom; })()") {
		t.Error("the cell of the address is out of sight")
	}
	want(again, "document.getElementById('line-head').textContent", "Row L10")
	want(again, "document.querySelector('#detail h2').innerText.split(' ')[0]", "L11")
	again.do("location.hash = '#by=entropy&column=4'")
	again.until("document.getElementById('by').value === 'entropy'")
	want(again, pinCount, 0)
	want(again, "document.getElementById('line-head').textContent", "Position 4, after ·anything")
	wrong := open(Options{}, view{fragment: "#by=%00&prompt=9&cell=99.99&pin=1.2&pin=-1.x.y&row=-3&column=1e9&target=77&scale=%F0&size=<b>"}, r)
	want(wrong, "document.getElementById('by').value", "prob")
	want(wrong, pinCount, 0)
	want(wrong, "document.getElementById('line-part').hidden", true)
}

// A first touch shows a cell, a second one pins it.
func testPageTouch(t *testing.T, open opener) {
	b := open(Options{}, view{width: 390, height: 844, touch: true}, madeup.Plain())
	want(b, "document.documentElement.scrollWidth <= 390", true)
	b.tap(cellAt(3, 1))
	want(b, pinCount, 0)
	want(b, "document.querySelector('#detail h2').innerText.split(' ')[0]", "L2")
	b.tap(cellAt(3, 1))
	want(b, pinCount, 1)
	b.tap(cellAt(5, 1))
	want(b, pinCount, 1)
}
