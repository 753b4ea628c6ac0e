package page

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

// FuzzPage puts any bytes where a page takes text from outside: none of them ends
// the data's element, and all come back.
func FuzzPage(f *testing.F) {
	for _, s := range append([]string{hostile, "</script", "<!--<script>", "]]>", "\u2028\u2029", "\\u003c", "\ud7ff\U0010ffff"}, synthetic.HardWords...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if text == nil {
			text = []byte{}
		}
		r := madeup.Result{Prompt: []string{"a", "b"}, Rows: 2, K: 2, Vocab: []string{"a", "b", "c"}}.Make()
		r.Prompt, r.Name, r.Warnings = string(text), string(text), []string{string(text)}
		r.Manifest.Model, r.Rows[0].Label, r.Rows[1].Point = string(text), string(text), string(text)
		r.Tokens[0].Bytes = text
		for id := range r.Pieces {
			r.Pieces[id] = lens.Token{ID: id, Bytes: text}
		}
		page := pageBytes(t, Options{Title: string(text)}, r)
		data, rest := dataOf(t, page)
		if bytes.ContainsAny(data, "<>&") {
			t.Fatal("the data holds characters that HTML reads")
		}
		var d pageData
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatal(err)
		}
		for id := range r.Pieces {
			p := d.Results[0].Pieces[strconv.FormatInt(id, 10)]
			got := p.Bytes
			if got == nil {
				got = []byte(p.Text)
			}
			if !bytes.Equal(got, text) {
				t.Errorf("the token %q comes back as %q", text, got)
			}
		}
		// What stands outside the data is escaped, so that no tag is added.
		plain := pageBytes(t, Options{Title: "x"}, r)
		_, without := dataOf(t, plain)
		if got, want := bytes.Count(rest, []byte("<")), bytes.Count(without, []byte("<")); got != want {
			t.Errorf("%d tags with this title, %d with another", got, want)
		}
	})
}
