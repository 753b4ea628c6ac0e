package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/golens/golens/internal/visible"
)

// The style sheets, programs and templates of the pages. Each page carries what it
// needs of them, so that it is one file.
//
//go:embed html/*.css html/*.js html/*.tmpl
var htmlFiles embed.FS

// pageParts are the style and the program of a page, and the policy that allows
// them and nothing else.
type pageParts struct {
	Style  template.CSS
	Script template.JS
	Policy string
}

// newPageParts joins style sheets and programs of htmlFiles, in the order given.
// The policy forbids every request to anywhere, and every style and program but
// these two, which it knows by their digests: text that slipped into the page as
// markup could not act. Pictures may come from images, in a policy's words.
func newPageParts(sheets, programs []string, images string) (pageParts, error) {
	style, err := joinFiles(sheets)
	if err != nil {
		return pageParts{}, err
	}
	p := pageParts{Style: template.CSS(style)}
	rules := []string{"default-src 'none'", "img-src " + images, "style-src " + sourceDigest(style), "base-uri 'none'", "form-action 'none'"}
	if len(programs) > 0 {
		script, err := joinFiles(programs)
		if err != nil {
			return pageParts{}, err
		}
		script = "(() => {\n'use strict';\n" + script + "})();\n"
		p.Script = template.JS(script)
		rules = append(rules, "script-src "+sourceDigest(script))
	}
	p.Policy = strings.Join(rules, "; ")
	return p, nil
}

func joinFiles(names []string) (string, error) {
	var s strings.Builder
	for _, name := range names {
		b, err := htmlFiles.ReadFile("html/" + name)
		if err != nil {
			return "", fmt.Errorf("report: the page's own part %s: %w", name, err)
		}
		s.Write(b)
	}
	return s.String(), nil
}

// sourceDigest returns how a policy names a style or a program by its text.
func sourceDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pageFunctions are what the templates call. shown is for names and prose, text for
// blocks whose line breaks and tabs are meant.
var functions = template.FuncMap{"shown": visible.Name, "text": nameLines}

// nameLines is visible.Name for a text of several lines.
func nameLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j, cell := range cells {
			cells[j] = visible.Name(cell)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
