package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
)

// PageOptions choose how a page looks when it is opened; its reader can change
// all but the title and the colours.
type Options struct {
	Title     string         // in place of the lens's name
	By        report.Measure // what the cells are coloured by, ByProb where empty
	Target    int            // which of several target words the target's measures mean
	LastOnTop bool           // the last layer on top and the embedding below
	ColourMap string         // as in FigureOptions, YlGnBu where empty
}

// pageSheets and pagePrograms are the parts of the page in htmlFiles. The programs
// share one scope, and each uses only what stands before it, but inside functions.
var (
	pageSheets   = []string{"base.css", "page.css", "grid.css", "chart.css", "page_print.css"}
	pagePrograms = []string{"data.js", "numbers.js", "measures.js", "svg.js", "state.js", "grid.js", "detail.js", "chart.js", "curves.js",
		"picture.js", "files.js", "print.js", "main.js"}
)

// Page writes results to w as one interactive HTML file: the grid of every result,
// with all that is known of each cell, and curves of tokens through the layers. It
// loads nothing. Without tracks, a token's curve has a point only in rows that
// keep it among their candidates.
func Write(w io.Writer, results []*lens.Result, o Options) error {
	data, err := newPageData(results, o)
	if err != nil {
		return err
	}
	parts, err := newPageParts(pageSheets, pagePrograms, "data: blob:")
	if err != nil {
		return err
	}
	// Marshal escapes < > & as \u003c and so on: the data cannot end its element.
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("report: write HTML: %w", err)
	}
	t, err := template.New("page.tmpl").Funcs(functions).ParseFS(htmlFiles, "html/page.tmpl")
	if err != nil {
		return fmt.Errorf("report: the page's own template: %w", err)
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		pageParts
		Title string
		Data  template.JS
	}{parts, data.Results[0].Title, template.JS(printableJSON(text))})
	if err != nil {
		return fmt.Errorf("report: write HTML: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("report: write HTML: %w", err)
	}
	return nil
}

// printableJSON returns JSON with what cannot be seen in it as escapes: the page's
// source can be read, whatever the prompt does to the direction of text.
func printableJSON(text []byte) string {
	var s strings.Builder
	s.Grow(len(text))
	for _, r := range string(text) {
		switch {
		case r < 0x80 || unicode.IsPrint(r) && !visible.Ignorable(r):
			s.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&s, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&s, `\u%04x`, r)
		}
	}
	return s.String()
}
