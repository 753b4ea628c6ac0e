package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rankLine returns a line of a file in tiktoken's form.
func rankLine(piece []byte, id int) string {
	return fmt.Sprintf("%s %d\n", base64.StdEncoding.EncodeToString(piece), id)
}

// vocabJSON returns a vocab.json of the 256 bytes, ids 0 to 255, and of further
// pieces as vocab.json writes them.
func vocabJSON(further ...string) string {
	ids := map[string]int{}
	for b, r := range alphabet {
		ids[string(r)] = b
	}
	for i, piece := range further {
		ids[piece] = 256 + i
	}
	file, err := json.Marshal(ids)
	if err != nil {
		panic(err)
	}
	return string(file)
}

// folder writes a tokenizer's files to a new folder, without those that are "".
func folder(t testing.TB, vocab, merges string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{vocabFile: vocab, mergesFile: merges} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpenOfSavedGPT2(t *testing.T) {
	dir := t.TempDir()
	want := gpt2ForTest(t)
	if err := want.Save(dir); err != nil {
		t.Fatal(err)
	}
	sameTokenizer(t, dir, want)
}

func TestOpenOfOpenAIsFiles(t *testing.T) {
	sameTokenizer(t, filepath.Dir(shared(t, "tokenizer/vocab.json")), gpt2ForTest(t))
}

// sameTokenizer opens a folder and compares the tokenizer with another.
func sameTokenizer(t *testing.T, dir string, want *Tokenizer) {
	t.Helper()
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != want.Digest() {
		t.Errorf("digest %s, want %s", got.Digest(), want.Digest())
	}
	if got.Size() != want.Size() || !slices.Equal(got.special, want.special) {
		t.Errorf("%d pieces, special %v; want %d, %v", got.Size(), got.special, want.Size(), want.special)
	}
	for id := range int64(want.Size()) {
		a, errA := got.Display(id)
		b, errB := want.Display(id)
		if a != b || errA != nil || errB != nil {
			t.Fatalf("id %d is %q, %v; want %q, %v", id, a, errA, b, errB)
		}
	}
	for _, text := range referenceTexts() {
		if a, b := got.EncodeSpecial(text), want.EncodeSpecial(text); !slices.Equal(a, b) {
			t.Fatalf("EncodeSpecial(%q) = %v, want %v", text, a, b)
		}
	}
}

// Ids need not be in the order of the merges, nor the bytes come first.
func TestOpenOfOtherVocabulary(t *testing.T) {
	ids := map[string]int{"</s>": 0, "ab": 1, "abc": 2, "bc": 3, "<｜é｜>": 4, "dead end": 5, "": 6, "<|😀|>": 7}
	for b, r := range alphabet {
		ids[string(r)] = 263 - b // 8 to 263
	}
	vocab, err := json.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := int64(263-'a'), int64(263-'b'), int64(263-'c')
	for name, test := range map[string]struct {
		merges string
		text   string
		want   []int64
	}{
		"the first merge first":       {"#version: 0.2\nb c\na b\na bc\n", "abcab", []int64{2, 1}},
		"no first line":               {"b c\na b\na bc\n", "abcab", []int64{2, 1}},
		"the other order":             {"a b\nb c\na bc\n", "abcab", []int64{1, c, 1}},
		"lines of Windows, no end":    {"#version: 0.2\r\na b\r\nab c", "abcabbc", []int64{2, 1, b, c}},
		"two ways to a piece":         {"b c\na bc\na b\nab c\n", "abc", []int64{2}},
		"no merges":                   {"#version: 0.2\n", "abc", []int64{a, b, c}},
		"special":                     {"a b\n", "ab</s>a<｜é｜><|😀|>", []int64{1, 0, a, 4, 7}},
		"what looks like the special": {"a b\n", "<s>", []int64{263 - '<', 263 - 's', 263 - '>'}},
	} {
		tokenizer, err := Open(folder(t, string(vocab), test.merges))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := tokenizer.EncodeSpecial(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%s: EncodeSpecial(%q) = %v, want %v", name, test.text, got, test.want)
		}
		if got, err := tokenizer.Decode(test.want); string(got) != test.text || err != nil {
			t.Errorf("%s: Decode(%v) = %q, %v", name, test.want, got, err)
		}
		if _, ok := tokenizer.EndOfText(); ok {
			t.Errorf("%s: an end of text where there is none", name)
		}
		dir := t.TempDir()
		if err := tokenizer.Save(dir); err != nil {
			t.Fatal(err)
		}
		if again, err := Open(dir); err != nil || again.Digest() != tokenizer.Digest() {
			t.Errorf("%s: what Save wrote is not the same again: %v", name, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf("word%d", i)
	}
	for name, test := range map[string]struct {
		vocab, merges string
		want          []string
	}{
		"no vocab.json":     {"", "a b\n", []string{"has no vocab.json", "merges.txt"}},
		"no merges.txt":     {vocabJSON(), "", []string{"has no merges.txt"}},
		"empty":             {" ", " ", []string{"vocab.json", "unexpected EOF"}},
		"cut off":           {vocabJSON()[:1000], "#version\n", []string{"vocab.json", "after offset 1000"}},
		"text after":        {vocabJSON() + "{}", "#version\n", []string{"vocab.json", "after top-level value"}},
		"a list":            {`["a"]`, "#version\n", []string{"vocab.json", "array"}},
		"null":              {`null`, "#version\n", []string{"vocab.json", "0 pieces"}},
		"no pieces":         {`{}`, "#version\n", []string{"vocab.json", "0 pieces"}},
		"an id as text":     {`{"a":"1"}`, "#version\n", []string{"vocab.json", "string", `"/a"`}},
		"half an id":        {`{"a":0.5}`, "#version\n", []string{"vocab.json", "0.5"}},
		"a huge id":         {`{"a":99999999999999}`, "#version\n", []string{"vocab.json", "99999999999999"}},
		"a negative id":     {`{"a":-1,"b":0}`, "#version\n", []string{"vocab.json", `the id -1 of piece "a"`}},
		"an id twice":       {`{"a":0,"b":1,"c":1}`, "#version\n", []string{"vocab.json", `"b" and "c"`, "same id 1"}},
		"a gap":             {`{"a":0,"b":2}`, "#version\n", []string{"vocab.json", "no piece has the id 1"}},
		"not from 0":        {`{"a":1,"b":2}`, "#version\n", []string{"vocab.json", "no piece has the id 0"}},
		"a piece twice":     {`{"a":0,"b":1,"a":2}`, "#version\n", []string{"vocab.json", "duplicate", `"a"`}},
		"not UTF-8":         {"{\"\xFF\":0}", "#version\n", []string{"vocab.json", "invalid UTF-8"}},
		"bytes missing":     {`{"a":0}`, "#version\n", []string{"vocab.json", `"Ā"`, "byte 0x00"}},
		"one byte missing":  {strings.Replace(vocabJSON(), `"Ċ"`, `"new line"`, 1), "#version\n", []string{`"Ċ"`, "byte 0x0A"}},
		"unknown left":      {vocabJSON("ab"), "a b\nxy b\n", []string{"merges.txt", "line 2", `"xy"`, `"xy b"`, "not in vocab.json"}},
		"unknown right":     {vocabJSON("ab"), "a b\na xy\n", []string{"merges.txt", "line 2", `"xy"`}},
		"unknown result":    {vocabJSON("ab"), "a b\nb a\n", []string{"merges.txt", "line 2", `"ba"`}},
		"one piece":         {vocabJSON("ab"), "#version: 0.2\nab\n", []string{"merges.txt", "line 2", `"ab"`, "two pieces"}},
		"three pieces":      {vocabJSON("ab"), "a b c\n", []string{"merges.txt", "line 1", `"a b c"`}},
		"two spaces":        {vocabJSON("ab"), "a  b\n", []string{"merges.txt", "line 1"}},
		"a space at an end": {vocabJSON("ab"), "ab \n", []string{"merges.txt", "line 1"}},
		"a merge twice":     {vocabJSON("ab"), "a b\na b\n", []string{"merges.txt", `"a b"`, "twice", "1 and 2"}},
		"not the alphabet":  {vocabJSON("漢", "a漢"), "a 漢\n", []string{"merges.txt", "number 1", `"漢"`}},
		"merges cut off":    {vocabJSON(many...), "#version: 0.2\n", []string{"merges.txt", "0 of the 100 pieces", "cut off"}},
		"not text":          {vocabJSON("ab"), "\x00\xFF\x00\n", []string{"merges.txt", "line 1"}},
	} {
		dir := folder(t, test.vocab, test.merges)
		tokenizer, err := Open(dir)
		if err == nil {
			t.Errorf("%s: a tokenizer of %d pieces", name, tokenizer.Size())
			continue
		}
		for _, want := range append(test.want, dir) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", name, err, want)
			}
		}
	}
}

func TestOpenOfNoFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := Open(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v; want one that is fs.ErrNotExist and names the folder", err)
	}
	dir := folder(t, "", "a b\n")
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "tokenizer.json: it has no model") {
		t.Errorf("error %v; want one about tokenizer.json", err)
	}
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, vocabFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), vocabFile) {
		t.Errorf("error %v; want one that names %s", err, vocabFile)
	}
}

func TestSaveRefuses(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	missing := filepath.Join(t.TempDir(), "missing")
	if err := tokenizer.Save(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v; want one that is fs.ErrNotExist and names the file", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, mergesFile), 0o755); err != nil { // a folder is in the way
		t.Fatal(err)
	}
	if err := tokenizer.Save(dir); err == nil {
		t.Error("no error where a folder is in the way")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != vocabFile && name != mergesFile {
			t.Errorf("%s is left over", name)
		}
	}
}
