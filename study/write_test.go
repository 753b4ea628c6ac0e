package study_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/study"
)

func defaultModel(t *testing.T) *model.Model {
	t.Helper()
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestWrite: every study's folder holds what docs/studies.md says.
func TestWrite(t *testing.T) {
	m := defaultModel(t)
	for _, s := range study.Studies {
		t.Run(s.Name, func(t *testing.T) {
			var steps []int
			o, err := s.Run(context.Background(), m, study.Options{Step: func(done, total int) { steps = append(steps, done, total) }})
			if err != nil {
				t.Fatal(err)
			}
			if len(steps) == 0 || steps[len(steps)-2] != steps[len(steps)-1] {
				t.Errorf("steps: %v", steps)
			}
			dir := filepath.Join(t.TempDir(), "made", "by", "it")
			if err := o.Write(context.Background(), dir, study.WriteOptions{Formats: []string{"svg"}, Themes: figure.Themes}); err != nil {
				t.Fatal(err)
			}
			want := []string{"index.html", s.Name + "-lens.html"}
			for _, ext := range []string{".npz", ".json", ".txt"} {
				want = append(want, s.Name+ext)
			}
			var letters []string
			for _, f := range o.Figures {
				want = append(want, f.Name+".svg", f.Name+"-dark.svg")
				if f.Seen == "" || f.Title == "" {
					t.Errorf("figure %s says nothing", f.Letter)
				}
				letters = append(letters, f.Letter)
			}
			for _, d := range s.Drawings {
				if !slices.Contains(letters, d.Letter) {
					t.Errorf("no figure %s", d.Letter)
				}
			}
			var have []string
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				have = append(have, e.Name())
			}
			slices.Sort(want)
			if !slices.Equal(have, want) {
				t.Errorf("files %v, want %v", have, want)
			}
			page, err := os.ReadFile(filepath.Join(dir, "index.html"))
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{s.Title, "href=\"" + s.Name + ".npz\"", "data:image/svg+xml"} {
				if !strings.Contains(html.UnescapeString(string(page)), part) {
					t.Errorf("the page lacks %q", part)
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, s.Name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Format   string
				Manifest struct{ Compat, Model string }
				IDs      []int64
			}
			if err := json.Unmarshal(text, &got); err != nil || got.Format != study.Format || got.Manifest.Compat != "published" || len(got.IDs) == 0 {
				t.Errorf("JSON: %+v, %v", got, err)
			}
		})
	}
}

// TestCancelled: a study that is stopped before it begins writes nothing.
func TestCancelled(t *testing.T) {
	m := defaultModel(t)
	ctx, cancel := context.WithCancel(context.Background())
	o, err := study.Studies[0].Run(ctx, m, study.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := study.Studies[0].Run(ctx, m, study.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a run: %v", err)
	}
	dir := t.TempDir()
	if err := o.Write(ctx, dir, study.WriteOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("writing: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d files are left", len(files))
	}
}
