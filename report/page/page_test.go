package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/internal/madeup"
)

// dataOf cuts the data out of a page, and returns it with the rest.
func dataOf(t *testing.T, page []byte) (text, rest []byte) {
	t.Helper()
	const open, end = `<script type="application/json" id="data">`, `</script>`
	before, after, ok := bytes.Cut(page, []byte(open))
	text, after, ends := bytes.Cut(after, []byte(end))
	if !ok || !ends {
		t.Fatal("the page has no data")
	}
	return text, slices.Concat(before, after)
}

func TestPage(t *testing.T) {
	r := madeup.Hard()
	r.Prompt, r.Name = hostile, hostile
	page := pageBytes(t, Options{Title: hostile, ColourMap: "Reds"}, r, madeup.Plain())
	members, rest := dataOf(t, page)
	if len(rest) > 300<<10 {
		t.Errorf("the page has %d bytes beside its data, 300 KB are allowed", len(rest))
	}
	if bytes.ContainsAny(members, "<>&\u2028\u2029") {
		t.Error("the data holds characters that HTML reads")
	}
	if bytes.ContainsAny(page, "\u202e\u200b\ufeff\ue000\U000e0041") {
		t.Error("the page's source holds characters that cannot be seen")
	}
	var d pageData
	if err := json.Unmarshal(members, &d); err != nil {
		t.Fatal(err)
	}
	if got := d.Results[0].Prompt; got != data.Valid(hostile) || string(d.Results[0].PromptBytes) != hostile {
		t.Errorf("the prompt is %q", got)
	}
	if d.Ramp[0] != "#fff5f0" || d.Ramp[len(d.Ramp)-1] != "#67000d" {
		t.Errorf("the colours go from %s to %s, not as Reds", d.Ramp[0], d.Ramp[len(d.Ramp)-1])
	}
	text := string(rest)
	for _, bad := range []string{"<img", "\u202e", "\x00", "\x1b", "https://", "unsafe-inline", "unsafe-eval", "eval(", "innerHTML", "&#39;self&#39;"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	// The only address is the name of SVG.
	if n := strings.Count(text, "http://"); n != strings.Count(text, "http://www.w3.org/2000/svg") {
		t.Errorf("%d addresses in the page", n)
	}
	for _, want := range []string{"default-src &#39;none&#39;", "script-src &#39;sha256-", "style-src &#39;sha256-"} {
		if !strings.Contains(text, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if again := pageBytes(t, Options{Title: hostile, ColourMap: "Reds"}, r, madeup.Plain()); !bytes.Equal(page, again) {
		t.Error("the same results give another page")
	}
}

func TestPageRefuses(t *testing.T) {
	short := madeup.Plain()
	short.Entropy = short.Entropy[1:]
	none := madeup.Plain()
	none.K, none.TopIDs, none.TopProbs, none.TopLogits = 0, nil, nil, nil
	untargeted := madeup.Plain()
	untargeted.Targets = nil
	for name, c := range map[string]struct {
		results []*lens.Result
		options Options
	}{
		"no result":           {},
		"entropy":             {results: []*lens.Result{madeup.Plain(), short}},
		"keeps no candidates": {results: []*lens.Result{none}},
		"no targets":          {results: []*lens.Result{untargeted}, options: Options{By: report.ByTargetRank}},
		"no colour map":       {results: []*lens.Result{madeup.Plain()}, options: Options{ColourMap: "mauve"}},
		"no target 2":         {results: []*lens.Result{madeup.Plain()}, options: Options{Target: 2}},
		"no measure":          {results: []*lens.Result{madeup.Plain()}, options: Options{By: "size"}},
	} {
		err := Write(&bytes.Buffer{}, c.results, c.options)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := Write(fullWriter{}, []*lens.Result{madeup.Plain()}, Options{}); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a full disk: error %v", err)
	}
}

func TestPrintableJSON(t *testing.T) {
	for in, want := range map[string]string{
		`"plain é 人"`: `"plain é 人"`, "\"\u202e\"": `"\u202e"`, "\"\U000e0041\"": `"\udb40\udc41"`, "\"😀\ufe0f\"": `"😀\ufe0f"`, `"\u0000"`: `"\u0000"`,
	} {
		got := printableJSON([]byte(in))
		if got != want {
			t.Errorf("%q becomes %s, want %s", in, got, want)
		}
		var a, b string
		if err := errors.Join(json.Unmarshal([]byte(in), &a), json.Unmarshal([]byte(got), &b)); err != nil || a != b {
			t.Errorf("%q reads as %q, %q", in, b, err)
		}
	}
}
