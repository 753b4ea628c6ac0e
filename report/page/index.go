package page

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"path/filepath"
)

// An Index is a page that shows what a study found: its figures, its printed text
// and links to its files, with a paragraph on each. All texts are plain and shown
// as they are; control characters and bytes that are no text show as escapes.
type Index struct {
	Title      string
	Where      string   // where it was published, and by whom; "" for nowhere
	Paragraphs []string // what it is about
	Sections   []Section
	Links      []Link // the data files
	Facts      []Fact // what made it: model, library, threads
}

// A Section is one part of an Index; what is empty is left out.
type Section struct {
	Title     string
	Paragraph string // what is seen
	Text      string // printed text, its lines kept
	Pictures  []Picture
	Links     []Link // such as the interactive page of its lens
}

// A Picture is a figure, held in the page itself (Data) or beside it (File).
type Picture struct {
	Format  string // "svg" or "png", of Data and Dark
	Data    []byte // the figure's file
	Dark    []byte // the same for dark surroundings, or nil
	File    string // where there is no Data: its path from the page's folder
	Alt     string // what it shows, for those who do not see it
	Caption string
}

// A Link leads to a file beside the page.
type Link struct {
	File string // its path from the page's folder
	Name string // what it is called, File where empty
	Note string // a few words on it
}

// A Fact is a name and its value.
type Fact struct{ Name, Value string }

// WriteIndex writes x to w as one HTML file without a program in it, which loads
// nothing but the files that its pictures name.
func WriteIndex(w io.Writer, x Index) error {
	images := "data:"
	for _, s := range x.Sections {
		for _, p := range s.Pictures {
			if p.Data == nil {
				images = "data: 'self'" // files beside the page
			}
		}
	}
	parts, err := newPageParts([]string{"base.css", "index.css"}, nil, images)
	if err != nil {
		return err
	}
	view := struct {
		pageParts
		Index
		Sections []sectionView
		Links    []linkView
	}{pageParts: parts, Index: x, Links: viewLinks(x.Links)}
	for _, s := range x.Sections {
		v := sectionView{Section: s, Links: viewLinks(s.Links)}
		for i, p := range s.Pictures {
			pv, err := viewPicture(p)
			if err != nil {
				return fmt.Errorf("report: picture %d of section %q: %w", i+1, s.Title, err)
			}
			v.Pictures = append(v.Pictures, pv)
		}
		view.Sections = append(view.Sections, v)
	}
	t, err := template.New("index.tmpl").Funcs(functions).ParseFS(htmlFiles, "html/index.tmpl")
	if err != nil {
		return fmt.Errorf("report: the page's own template: %w", err)
	}
	// The page is made whole first, so that an error of the template is no half a page.
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return fmt.Errorf("report: write HTML: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("report: write HTML: %w", err)
	}
	return nil
}

type sectionView struct {
	Section
	Pictures []pictureView
	Links    []linkView
}

// A pictureView has its addresses: data, or a path from the page's folder.
type pictureView struct {
	Picture
	Source     template.URL
	DarkSource template.Srcset
}

type linkView struct {
	Name, Note string
	Address    template.URL
}

func viewPicture(p Picture) (pictureView, error) {
	v := pictureView{Picture: p}
	if p.Data == nil {
		if p.File == "" {
			return v, fmt.Errorf("it has neither data nor a file")
		}
		v.Source = template.URL(address(p.File))
		return v, nil
	}
	kind, ok := map[string]string{"svg": "image/svg+xml", "png": "image/png"}[p.Format]
	if !ok {
		return v, fmt.Errorf("no format %q can stand in a page: there are svg and png", p.Format)
	}
	data := func(b []byte) string { return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b) }
	v.Source = template.URL(data(p.Data))
	if p.Dark != nil {
		v.DarkSource = template.Srcset(data(p.Dark))
	}
	return v, nil
}

func viewLinks(links []Link) []linkView {
	var out []linkView
	for _, l := range links {
		v := linkView{Name: l.Name, Note: l.Note, Address: template.URL(address(l.File))}
		if v.Name == "" {
			v.Name = l.File
		}
		out = append(out, v)
	}
	return out
}

// address returns a path as a relative address: no name of a file, whatever it
// holds, is taken for a scheme, a query or a fragment.
func address(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	return u.String()
}
