package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

func pageBytes(t *testing.T, o PageOptions, results ...*lens.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Page(&b, results, o); err != nil {
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
	for name, f := range map[string]func(*testing.T, func(PageOptions, view, ...*lens.Result) *tab){
		"grid": testPageGrid, "hover": testPageHover, "pins": testPagePins, "gaps": testPageGaps, "keys": testPageKeys, "lines": testPageLines,
		"address": testPageAddress, "written": testPageWritten, "csv and json": testPageFiles, "pictures": testPagePictures, "hostile": testPageHostile,
		"several": testPageSeveral, "touch": testPageTouch, "print": testPagePrint, "read aloud": testPageAccessibility, "one cell": testPageSmallest,
	} {
		t.Run(name, func(t *testing.T) {
			f(t, func(o PageOptions, v view, results ...*lens.Result) *tab {
				t.Helper()
				return open(t, browser, pageBytes(t, o, results...), v)
			})
		})
	}
}

type opener = func(PageOptions, view, ...*lens.Result) *tab

// The grid has the texts of LensGrid, and each measure's colour is that of a figure.
func testPageGrid(t *testing.T, open opener) {
	words := plain()
	next := synthetic{prompt: []string{"The", " way", " you", " do"}, rows: 5, k: 2, vocab: append([]string(nil), plainVocab...), next: true}.make()
	for _, r := range []*lens.Result{words, next} {
		for _, dark := range []bool{false, true} {
			b := open(PageOptions{}, view{dark: dark}, r)
			g, err := LensGrid(r, GridOptions{})
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
			for _, by := range Measures {
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
func checkColours(t *testing.T, b *tab, r *lens.Result, by Measure, dark bool) {
	t.Helper()
	s, err := newShade(r, GridOptions{By: by})
	if err != nil {
		t.Fatal(err)
	}
	got := eval[[]string](b, "[...document.querySelectorAll('#grid tbody td')].map((e) => getComputedStyle(e).backgroundColor)")
	for n, colour := range got {
		i, j := n/len(r.Positions), n%len(r.Positions)
		v, _ := s.at(i, j)
		want := unknown
		if math.IsNaN(v) && dark {
			want.R, want.G, want.B = 0x3a, 0x3e, 0x46
		} else if !math.IsNaN(v) {
			v = math.Floor(v*(colourSteps-1)+0.5) / (colourSteps - 1)
			if dark {
				v = 1 - v
			}
			if want, err = ColourAt("YlGnBu", v); err != nil {
				t.Fatal(err)
			}
		}
		if want := fmt.Sprintf("rgb(%d, %d, %d)", want.R, want.G, want.B); colour != want {
			t.Fatalf("by %s in the dark %v, row %d at %d is %s, want %s", by, dark, i, j, colour, want)
		}
	}
}

func testPageHover(t *testing.T, open opener) {
	r := plain()
	b := open(PageOptions{}, view{}, r)
	b.hover(cellAt(7, 2))
	P := len(r.Positions)
	text := eval[string](b, detailText)
	for k := range r.K {
		n := (7*P+2)*r.K + k
		id := r.TopIDs[n]
		for _, want := range []string{Visible(r.Pieces[id].Bytes), strconv.FormatInt(id, 10), fmt.Sprintf("% x", r.Pieces[id].Bytes)} {
			if !strings.Contains(text, want) {
				t.Errorf("the cell's candidates lack %q: %q", want, text)
			}
		}
		width := eval[string](b, fmt.Sprintf("document.querySelectorAll('.bar')[%d].style.width", k))
		if w, err := strconv.ParseFloat(strings.TrimSuffix(width, "%"), 64); err != nil || math.Abs(w-100*float64(r.TopProbs[n])) > 0.01 {
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

func testPagePins(t *testing.T, open opener) {
	r := follow(plain())
	b := open(PageOptions{}, view{}, r)
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
			if err != nil || math.Abs(got-100*wanted) > 0.05*math.Max(got, 0.1) {
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
	r := plain()
	b := open(PageOptions{}, view{}, r)
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
	r := follow(plain())
	b := open(PageOptions{LastOnTop: true}, view{}, r)
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
	if got, want := eval[string](b, liveText), "L10, position 1, after ·way: "+Visible(r.Pieces[r.TopIDs[cell]].Bytes); !strings.HasPrefix(got, want) {
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
	r := plain()
	b := open(PageOptions{}, view{}, r)
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
	r := follow(plain())
	b := open(PageOptions{}, view{}, r)
	b.choose("by", "kl")
	b.choose("last", "top")
	b.choose("size", "small")
	b.click(cellAt(0, 3)) // row 12
	b.click("document.querySelector('#grid tbody').rows[1].cells[0]")
	id := r.TopIDs[(12*len(r.Positions)+3)*r.K]
	fragment := fmt.Sprintf("#by=kl&last=top&size=small&cell=12.3&pin=12.3.%d&row=11", id)
	b.until(fmt.Sprintf("location.hash === %q", fragment))
	again := open(PageOptions{}, view{fragment: fragment}, r)
	want(again, "document.getElementById('by').value + document.getElementById('last').value + document.getElementById('size').value", "kltopsmall")
	want(again, pinCount, 1)
	far := open(PageOptions{}, view{width: 500, height: 400, fragment: "#cell=12.10"}, r)
	if !eval[bool](far, "(() => { const c = "+cellAt(12, 10)+".getBoundingClientRect(), s = document.getElementById('scroll').getBoundingClientRect(); return c.left >= s.left && c.right <= s.right && c.bottom <= s.bottom; })()") {
		t.Error("the cell of the address is out of sight")
	}
	want(again, "document.getElementById('line-head').textContent", "Row L10")
	want(again, "document.querySelector('#detail h2').innerText.split(' ')[0]", "L11")
	again.do("location.hash = '#by=entropy&column=4'")
	again.until("document.getElementById('by').value === 'entropy'")
	want(again, pinCount, 0)
	want(again, "document.getElementById('line-head').textContent", "Position 4, after ·anything")
	wrong := open(PageOptions{}, view{fragment: "#by=%00&prompt=9&cell=99.99&pin=1.2&pin=-1.x.y&row=-3&column=1e9&target=77&scale=%F0&size=<b>"}, r)
	want(wrong, "document.getElementById('by').value", "prob")
	want(wrong, pinCount, 0)
	want(wrong, "document.getElementById('line-part').hidden", true)
}

// The files that the page gives are those that golens writes.
func testPageFiles(t *testing.T, open opener) {
	odd := follow(synthetic{prompt: append([]string(nil), hardVocab...), rows: 4, k: 3, vocab: append([]string(nil), hardVocab...), words: []string{" →", "·"}}.make())
	odd.Prompt += "\xff"
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range odd.TopLogits { // every kind of float32
		odd.TopLogits[i] = math.Float32frombits(rng.Uint32())
	}
	copy(odd.TopLogits, hardFloats)
	for i := range 200 { // powers of two, where rounding is lopsided
		odd.TopLogits[30+i] = float32(math.Ldexp(1, i-130))
	}
	written := writtenResult(5)
	written.Written.Sampling = &model.Sampling{Temperature: 0.5, Seed: 1<<63 + 1}
	for name, r := range map[string]*lens.Result{"words": plain(), "next": hard(), "odd": odd, "some": someRead(), "written": written} {
		b := open(PageOptions{}, view{}, r)
		got, file := b.download("save-json")
		if file != "lens.json" && name != "next" {
			t.Errorf("%s: the file is called %q", name, file)
		}
		var have, wanted map[string]any
		decode := func(data []byte, into any) {
			d := json.NewDecoder(bytes.NewReader(data))
			d.UseNumber()
			if err := d.Decode(into); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		decode(got, &have)
		decode(jsonBytes(t, r, JSONOptions{}), &wanted)
		sameValue(t, name, have, wanted)

		var csv bytes.Buffer
		c := NewCSV(&csv)
		if err := errors.Join(c.Write(r), c.Close()); err != nil {
			t.Fatal(err)
		}
		got, _ = b.download("save-csv")
		if name != "odd" { // whose numbers may have other digits of the same float32
			if !bytes.Equal(got, csv.Bytes()) {
				t.Errorf("%s: the CSV differs: %s", name, firstDifference(string(got), csv.String()))
			}
		}
	}
}

// someRead is a result of some positions, with targets at others.
func someRead() *lens.Result {
	r := plain()
	r.Positions = []int{2, 3}
	n := len(r.Rows) * 2
	r.TopIDs, r.TopLogits, r.TopProbs = r.TopIDs[:n*r.K], r.TopLogits[:n*r.K], r.TopProbs[:n*r.K]
	r.Entropy, r.LogSumExp, r.KL, r.Agree = r.Entropy[:n], r.LogSumExp[:n], r.KL[:n], r.Agree[:n]
	return r
}

// sameValue compares decoded JSON, numbers by their float32.
func sameValue(t *testing.T, at string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(want) {
			t.Errorf("%s: %d members, want %d", at, len(g), len(want))
			return
		}
		for k, v := range want {
			sameValue(t, at+"."+k, g[k], v)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			t.Errorf("%s: a list of %d, want %d", at, len(g), len(want))
			return
		}
		for i, v := range want {
			sameValue(t, fmt.Sprintf("%s[%d]", at, i), g[i], v)
		}
	case json.Number:
		g, ok := got.(json.Number)
		if !strings.ContainsAny(string(want), ".e") {
			if g != want {
				t.Errorf("%s: %v, want %v", at, got, want)
			}
			return
		}
		a, _ := g.Float64()
		b, _ := want.Float64()
		if !ok || math.Float32bits(float32(a)) != math.Float32bits(float32(b)) || strings.ContainsAny(string(g), ".e") != strings.ContainsAny(string(want), ".e") {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	default:
		if got != want {
			t.Errorf("%s: %#v, want %#v", at, got, want)
		}
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is %q, want %q", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

func testPagePictures(t *testing.T, open opener) {
	for _, r := range []*lens.Result{follow(plain()), follow(synthetic{prompt: append([]string(nil), hardVocab...), rows: 4, k: 3, vocab: append([]string(nil), hardVocab...)}.make())} {
		for _, size := range []string{"text", "map"} {
			b := open(PageOptions{}, view{dark: size == "map"}, r)
			b.choose("size", size)
			b.do(cellAt(1, 1) + ".click();" + cellAt(2, 0) + ".click(); document.querySelector('#grid thead tr').cells[2].click()")
			drawn, _ := b.download("save-svg")
			var texts []string
			d := xml.NewDecoder(bytes.NewReader(drawn))
			rects := 0
			for {
				token, err := d.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("the SVG is not XML: %v", err)
				}
				switch token := token.(type) {
				case xml.CharData:
					texts = append(texts, string(token))
				case xml.StartElement:
					if token.Name.Local == "rect" {
						rects++
					}
				}
			}
			if cells := len(r.Rows) * len(r.Positions); rects < cells {
				t.Errorf("%d boxes for %d cells", rects, cells)
			}
			all := strings.Join(texts, "\n")
			for p := range 6 {
				if want := tokenText(r.Tokens[p]); size == "text" && len(want) < 8 && !strings.Contains(all, "\n"+want+"\n") {
					t.Errorf("the SVG lacks %q", want)
				}
			}
			if bytes.Contains(drawn, []byte("var(")) {
				t.Error("the SVG has variables of the page's style sheet")
			}
			if strings.ContainsAny(all, "\u202e\u200b\x1b") {
				t.Error("the SVG holds characters that cannot be seen")
			}
			data, _ := b.download("save-png")
			picture, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if n := distinctColours(picture); n < 20 || picture.Bounds().Dx() < 1000 {
				t.Errorf("a PNG of %v with %d colours", picture.Bounds(), n)
			}
		}
	}
}

// distinctColours counts the colours of a picture, on every seventh line.
func distinctColours(p image.Image) int {
	seen := map[color.Color]bool{}
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y += 7 {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x++ {
			seen[p.At(x, y)] = true
		}
	}
	return len(seen)
}

// Text that would act is shown, and nothing else.
func testPageHostile(t *testing.T, open opener) {
	r := follow(synthetic{prompt: []string{hostile, " way", hostile}, rows: 3, k: 2, vocab: []string{hostile, " way", "<!--", "</SCRIPT ", "${alert(1)}", "\u2028"}, next: true}.make())
	r.Name, r.Warnings = hostile, []string{hostile}
	r.Manifest.Model = hostile
	r.Rows[1].Label, r.Rows[1].Point = hostile, hostile
	b := open(PageOptions{}, view{}, r, r)
	want(b, "document.images.length + document.querySelectorAll('script').length", 2)
	for i := range 3 {
		b.do(cellAt(i, 0) + ".click();" + cellAt(i, 2) + ".click()")
	}
	b.do("document.querySelector('#grid tbody').rows[1].cells[0].click()")
	b.hover(cellAt(1, 0))
	shown := Visible([]byte(hostile))
	want(b, "document.querySelector('#grid thead tr').cells[1].querySelector('.token').textContent", shown)
	text := eval[string](b, "document.body.innerText")
	if n := strings.Count(text, "onerror=alert(1)"); n < 8 {
		t.Errorf("the text shows %d times", n)
	}
	if strings.ContainsAny(text, "\u202e\x00\x1b\u2028") {
		t.Error("the page holds characters that turn or hide its text")
	}
	want(b, "document.images.length + document.querySelectorAll('script').length", 2)
	picture, _ := b.download("save-svg")
	if strings.Contains(string(picture), "<img") || strings.ContainsAny(string(picture), "\u202e\x00\x1b") {
		t.Error("the SVG takes text for markup")
	}
	b.do("dispatchEvent(new Event('beforeprint'))")
	want(b, "document.images.length", 0)
}

func testPageSeveral(t *testing.T, open opener) {
	first, second := plain(), synthetic{prompt: []string{"a", "b"}, rows: 3, k: 2, vocab: append([]string(nil), plainVocab...), next: true}.make()
	second.Name = "the second"
	b := open(PageOptions{By: ByTargetRank}, view{}, first, second)
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
	r := writtenResult(5)
	b := open(PageOptions{}, view{}, r)
	want(b, "document.querySelector('#prompt .new').textContent", `x\xff`)
	want(b, "[...document.querySelectorAll('#grid thead .new .at')].map((e) => e.textContent).join(' ')", "5 6 7 8 9 10")
	want(b, "document.getElementById('manner').textContent", `7 new tokens, each the likeliest; stopped at "\x1b".`)
	want(b, "document.querySelector('#grid tfoot').rows[0].cells[11].textContent", piece(r, r.Written.Sequence[11]))
	want(b, cellAt(12, 10)+".classList.contains('hit')", true)
}

// A first touch shows a cell, a second one pins it.
func testPageTouch(t *testing.T, open opener) {
	b := open(PageOptions{}, view{width: 390, height: 844, touch: true}, plain())
	want(b, "document.documentElement.scrollWidth <= 390", true)
	b.tap(cellAt(3, 1))
	want(b, pinCount, 0)
	want(b, "document.querySelector('#detail h2').innerText.split(' ')[0]", "L2")
	b.tap(cellAt(3, 1))
	want(b, pinCount, 1)
	b.tap(cellAt(5, 1))
	want(b, pinCount, 1)
}

// On paper the grid stands in bands with all its cells.
func testPagePrint(t *testing.T, open opener) {
	r := plain()
	b := open(PageOptions{}, view{dark: true}, r)
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
	r := plain()
	b := open(PageOptions{}, view{}, r)
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
	r := synthetic{prompt: []string{"a"}, rows: 1, k: 1, vocab: []string{"a"}}.make()
	b := open(PageOptions{}, view{}, follow(r))
	b.click(cellAt(0, 0))
	b.press("c")
	want(b, pinCount, 1)
	want(b, "document.querySelectorAll('#grid tbody td').length", 1)
	b.download("save-png")
}
