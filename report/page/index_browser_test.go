package page

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/internal/madeup"
)

// A study's page shows its pictures, those in it and those beside it, and asks for
// nothing else.
func TestWriteIndexInBrowser(t *testing.T) {
	browser := newBrowser(t)
	g, err := report.LensGrid(madeup.Plain(), report.GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	figure := func(format string, dpi int) []byte {
		var b bytes.Buffer
		if err := figure.Write(&b, format, g, figure.Options{DPI: dpi}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	svg, png, larger := figure("svg", 0), figure("png", 50), figure("png", 60)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a figure #1.png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err = WriteIndex(&b, Index{
		Title: "A study of " + hostile, Where: "published somewhere", Paragraphs: []string{"What it is about."},
		Sections: []Section{
			{Title: "One", Paragraph: "What is seen.", Text: "printed\n\ttext\n" + hostile, Pictures: []Picture{
				{Format: "svg", Data: svg, Alt: "the grid"}, {Format: "png", Data: png, Dark: larger, Alt: "again", Caption: "twice"},
				{File: "a figure #1.png", Alt: "beside"}}},
			{Title: "Two", Links: []Link{{File: "page.html", Name: "the page"}}},
			{Title: "Three"},
		},
		Links: []Link{{File: "study.npz"}}, Facts: []Fact{{"model", hostile}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "index.html")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, v := range []view{{}, {dark: true, width: 390, height: 844}} {
		p := openFile(t, browser, path, v)
		want(p, "[...document.images].filter((i) => i.complete && i.naturalWidth > 100).length", 3)
		want(p, "document.images.length", 3)
		want(p, "document.scripts.length", 0)
		want(p, "document.images[1].naturalWidth > document.images[2].naturalWidth", v.dark)
		want(p, "document.documentElement.scrollWidth <= innerWidth", true)
		want(p, "document.querySelector('pre').textContent.split('\\n')[1]", "\ttext")
		want(p, "document.querySelectorAll('nav a').length", 3)
		paper, err := chromedp.Run(p.ctx, chromedp.PrintToPDF())
		if err != nil || !bytes.HasPrefix(paper, []byte("%PDF")) {
			t.Errorf("printing: %v", err)
		}
	}
}
