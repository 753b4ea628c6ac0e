package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseEnd(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int64
		says string // of the error
	}{
		{`{}`, nil, ""}, {`{"eos_token_id": null}`, nil, ""}, {`{"eos_token_id": 7}`, []int64{7}, ""},
		{`{"eos_token_id": [7, 9], "bos_token_id": 1}`, []int64{7, 9}, ""}, {`{"eos_token_id": []}`, []int64{}, ""},
		{``, nil, "no JSON"}, {`[1]`, nil, "no JSON object"}, {`{"eos_token_id": "x"}`, nil, "no token id"},
		{`{"eos_token_id": 1.5}`, nil, "no token id"}, {`{"eos_token_id": [1, "x"]}`, nil, "no token id"},
		{`{"eos_token_id": 99999999999999999999}`, nil, "no token id"}, {`{"eos_token_id": 7`, nil, "no JSON"},
	} {
		got, err := parseEnd([]byte(c.text))
		if !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want %v, %q", c.text, got, err, c.want, c.says)
		}
	}
}

func TestReadEnd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, generationFile)
	if ids, err := readEnd(path); ids != nil || err != nil {
		t.Errorf("no file: %v, %v", ids, err)
	}
	for text, says := range map[string]string{"{": "no JSON", strings.Repeat(" ", 1<<20+1): "more than"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readEnd(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.5q: %v", text, err)
		}
	}
	if _, err := readEnd(dir); err == nil {
		t.Error("a folder was read")
	}
}

func FuzzParseEnd(f *testing.F) {
	for _, s := range []string{`{"eos_token_id": [7, 9]}`, `{"eos_token_id": 7}`, `{}`, `[`, `{"eos_token_id": {"a": 1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if ids, err := parseEnd(text); err != nil && ids != nil {
			t.Errorf("both %v and %v", ids, err)
		}
	})
}
