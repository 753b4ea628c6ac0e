package page

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// hostile is text that would act where it is taken for markup or given raw.
const hostile = "</script><img src=x onerror=alert(1)>\u202e\x00\xff\x1b[31m&amp;\"'`"

func TestWriteIndex(t *testing.T) {
	var b bytes.Buffer
	err := WriteIndex(&b, Index{
		Title: "A study " + hostile, Where: "Somewhere, 2026", Paragraphs: []string{"One.", hostile},
		Sections: []Section{
			{Title: "First", Paragraph: hostile, Text: "a\n\tb " + hostile, Pictures: []Picture{
				{Format: "svg", Data: []byte("<svg/>"), Dark: []byte("<svg />"), Alt: hostile, Caption: hostile},
				{File: "a b#1?.png", Alt: "beside"},
			}},
			{Title: "Second", Links: []Link{{File: "javascript:alert(1)", Name: hostile, Note: hostile}}},
		},
		Links: []Link{{File: "lens.npz", Note: "NumPy"}}, Facts: []Fact{{"model", hostile}},
	})
	if err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<h2>First</h2>", "<p>One.</p>", `<pre tabindex="0">a` + "\n\tb &lt;/script&gt;",
		`src="data:image/svg&#43;xml;base64,PHN2Zy8&#43;"`, `srcset="data:image/svg&#43;xml;base64,PHN2ZyAvPg=="`,
		`src="a%20b%231%3F.png"`, `href="./javascript:alert%281%29"`, `href="lens.npz">lens.npz</a>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, bad := range []string{"<img src=x", "\u202e", "\x00", "\xff", "\x1b", "http://", "https://"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if got := strings.Count(page, `\u202e\x00\xff\x1b[31m`); got != 10 {
		t.Errorf("the hostile text shows %d times, want 10", got)
	}
}

func TestWriteIndexRefuses(t *testing.T) {
	for name, p := range map[string]Picture{
		`no format "pdf"`:    {Format: "pdf", Data: []byte("x")},
		"neither data nor a": {Alt: "nothing"},
	} {
		err := WriteIndex(&bytes.Buffer{}, Index{Sections: []Section{{Title: "S", Pictures: []Picture{p}}}})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), `picture 1 of section "S"`) {
			t.Errorf("%v: error %v", p, err)
		}
	}
	if err := WriteIndex(fullWriter{}, Index{Title: "x"}); err == nil {
		t.Error("a writer's error is lost")
	}
}

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, fmt.Errorf("the disk is full") }
