package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/golens/golens/internal/synthetic"
)

// SVG is well formed, refers only to what it has, and holds no token as markup.
func TestSVG(t *testing.T) {
	b := figure(t, "svg", made(4, len(synthetic.HardWords), synthetic.HardWords), Options{Numbers: true})
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg title defs path g use rect ", " "+e.Name.Local+" ") {
			t.Errorf("element %s", e.Name.Local)
		}
	}
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`id="(\w+)"`).FindAllSubmatch(b, -1) {
		if defined[string(m[1])] {
			t.Errorf("%s is defined twice", m[1])
		}
		defined[string(m[1])] = true
	}
	uses := regexp.MustCompile(`href="#(\w+)"`).FindAllSubmatch(b, -1)
	for _, m := range uses {
		if !defined[string(m[1])] {
			t.Errorf("%s is not defined", m[1])
		}
	}
	if len(uses) < 1000 || len(defined) < 50 {
		t.Errorf("%d uses of %d definitions", len(uses), len(defined))
	}
	if bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Inf")) {
		t.Error("a coordinate is no number")
	}
}

func TestPDF(t *testing.T) {
	b := figure(t, "pdf", made(4, len(synthetic.HardWords), synthetic.HardWords), Options{})
	if !bytes.HasPrefix(b, []byte("%PDF-")) || !bytes.HasSuffix(b, []byte("%%EOF\n")) {
		t.Errorf("not a PDF: %q .. %q", b[:8], b[len(b)-10:])
	}
}
