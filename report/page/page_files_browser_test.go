package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/internal/madeup"
)

// The files that the page gives are those that golens writes.
func testPageFiles(t *testing.T, open opener) {
	odd := madeup.Follow(madeup.Result{Prompt: append([]string(nil), synthetic.HardWords...), Rows: 4, K: 3, Vocab: append([]string(nil), synthetic.HardWords...), Words: []string{" →", "·"}}.Make())
	odd.Prompt += "\xff"
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range odd.TopLogits { // every kind of float32
		odd.TopLogits[i] = math.Float32frombits(rng.Uint32())
	}
	copy(odd.TopLogits, madeup.HardFloats)
	for i := range 200 { // powers of two, where rounding is lopsided
		odd.TopLogits[30+i] = float32(math.Ldexp(1, i-130))
	}
	written := madeup.Written(5)
	written.Written.Sampling = &model.Sampling{Temperature: 0.5, Seed: 1<<63 + 1}
	whole := madeup.Plain()
	whole.Joint = &lens.Joint{Words: []string{"New\tYork", `"."`}, Lengths: []int{2, 1}, Tokens: []lens.Token{{ID: 90, Bytes: []byte(" New")}, {ID: 91, Bytes: []byte(" \"Yo\nrk")}, {ID: 92, Bytes: []byte(".")}}}
	for i := range len(whole.Rows) {
		whole.Joint.TokenLogProb = append(whole.Joint.TokenLogProb, -1, float32(math.Inf(-1)), -float32(i)/3)
		whole.Joint.LogProb = append(whole.Joint.LogProb, float32(math.Inf(-1)), -float32(i)/3)
	}
	for name, r := range map[string]*lens.Result{"words": madeup.Plain(), "whole": whole, "next": madeup.Hard(), "odd": odd, "some": madeup.Some(), "written": written} {
		b := open(Options{}, view{}, r)
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
		var written bytes.Buffer
		bundle, err := data.Lens(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := bundle.Write(&written, data.JSON, data.Options{}); err != nil {
			t.Fatal(err)
		}
		decode(written.Bytes(), &wanted)
		sameValue(t, name, have, wanted)

		var csv bytes.Buffer
		if err := bundle.Write(&csv, data.CSV, data.Options{}); err != nil {
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
	for _, r := range []*lens.Result{madeup.Follow(madeup.Plain()), madeup.Follow(madeup.Result{Prompt: append([]string(nil), synthetic.HardWords...), Rows: 4, K: 3, Vocab: append([]string(nil), synthetic.HardWords...)}.Make())} {
		for _, size := range []string{"text", "map"} {
			b := open(Options{}, view{dark: size == "map"}, r)
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
				if want := report.TokenText(r.Tokens[p]); size == "text" && len(want) < 8 && !strings.Contains(all, "\n"+want+"\n") {
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
	r := madeup.Follow(madeup.Result{Prompt: []string{hostile, " way", hostile}, Rows: 3, K: 2, Vocab: []string{hostile, " way", "<!--", "</SCRIPT ", "${alert(1)}", "\u2028"}, Next: true}.Make())
	r.Name, r.Warnings = hostile, []string{hostile}
	r.Manifest.Model = hostile
	r.Rows[1].Label, r.Rows[1].Point = hostile, hostile
	b := open(Options{}, view{}, r, r)
	want(b, "document.images.length + document.querySelectorAll('script').length", 2)
	for i := range 3 {
		b.do(cellAt(i, 0) + ".click();" + cellAt(i, 2) + ".click()")
	}
	b.do("document.querySelector('#grid tbody').rows[1].cells[0].click()")
	b.hover(cellAt(1, 0))
	shown := visible.Text([]byte(hostile))
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
