package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// kinds are the tokenizers that testdata/tokenizers_ids.py trains.
var kinds = []string{"gpt2", "phi", "neox", "llama3", "qwen2", "tekken", "llama2", "mistral", "gemma", "metaspace"}

// A jsonQuestion is put to Hugging Face's libraries; see testdata/tokenizers_ids.py.
type jsonQuestion struct {
	File       string         `json:"file,omitempty"`
	Folder     string         `json:"folder,omitempty"`
	Options    map[string]any `json:"options,omitempty"`
	Normalizer string         `json:"normalizer,omitempty"`
	Arguments  []any          `json:"arguments,omitempty"`
	Texts      []string       `json:"texts"`
	IDs        [][]int64      `json:"ids"`
}

// A jsonAnswer has three lists of ids for each text: literal, with special tokens,
// and with the template.
type jsonAnswer struct {
	IDs   [][3][]int64 `json:"ids"`
	Texts []*string    `json:"texts"`
	Size  int          `json:"size"`
}

// huggingFaceCommand returns the script as a command of the reference environment.
func huggingFaceCommand(t testing.TB, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(python(t), append([]string{filepath.Join("testdata", "tokenizers_ids.py")}, arguments...)...)
	command.Env = append(os.Environ(), "TOKENIZERS_PARALLELISM=false")
	return command
}

// huggingFace runs the script to its end.
func huggingFace(t testing.TB, arguments ...string) {
	t.Helper()
	command := huggingFaceCommand(t, arguments...)
	var trouble bytes.Buffer
	command.Stderr = &trouble
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, trouble.Bytes())
	}
}

// asked is the process that answers the questions of all tests. Starting it costs some
// seconds, in which it imports transformers. It ends with this one, which closes its stdin.
var asked struct {
	sync.Mutex
	questions *json.Encoder
	answers   *json.Decoder
	trouble   bytes.Buffer // read only once it has ended
	ended     func() error
}

// askHuggingFace returns the answers to questions.
func askHuggingFace(t *testing.T, questions ...jsonQuestion) []jsonAnswer {
	t.Helper()
	asked.Lock()
	defer asked.Unlock()
	if asked.ended == nil {
		command := huggingFaceCommand(t, "ask")
		in, err := command.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		command.Stderr = &asked.trouble
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		asked.questions, asked.answers = json.NewEncoder(in), json.NewDecoder(out)
		asked.ended = func() error { in.Close(); return command.Wait() }
	}
	answers := make([]jsonAnswer, len(questions))
	for i, q := range questions {
		err := asked.questions.Encode(q)
		if err == nil {
			err = asked.answers.Decode(&answers[i])
		}
		if err != nil {
			end := asked.ended()
			asked.ended = nil // the next test starts another
			t.Fatalf("question %d: %v: the process ended: %v\n%s", i, err, end, asked.trouble.Bytes())
		}
	}
	return answers
}

// trained returns a folder with a folder for each kind, trained once on this module's
// own texts and on hard ones. Beside it is the text.
func trained(t testing.TB) string {
	t.Helper()
	python(t) // skips the test where there is none
	trainedOnce.Do(func() {
		dir, err := os.MkdirTemp("", "tokenizers-*")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "text")
		if err := os.WriteFile(file, []byte(trainingText(t)), 0o644); err != nil {
			t.Fatal(err)
		}
		huggingFace(t, "train", filepath.Join(dir, "kinds"), file)
		trainedDir = dir
	})
	if trainedDir == "" {
		t.Fatal("the tokenizers could not be trained")
	}
	return filepath.Join(trainedDir, "kinds")
}

var (
	trainedOnce sync.Once
	trainedDir  string
)

func TestMain(m *testing.M) {
	code := m.Run()
	if trainedDir != "" {
		os.RemoveAll(trainedDir)
	}
	os.Exit(code)
}

// trainingText returns about half a megabyte of this module's own texts and code, with
// hard texts between.
func trainingText(t testing.TB) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	rng := rand.New(rand.NewPCG(21, 22))
	for _, folder := range []string{"docs", "cmd", "lens", "report"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || text.Len() > 400_000 || !slices.Contains([]string{".md", ".go"}, filepath.Ext(path)) {
				return err
			}
			file, err := os.ReadFile(path)
			text.Write(file)
			fmt.Fprintf(&text, "%s\n", strings.ToValidUTF8(hardText(rng, 20), "?"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// textsFor returns hard texts, valid UTF-8, among them such with the added tokens.
func textsFor(added []addedToken, n int) []string {
	rng := rand.New(rand.NewPCG(23, 24))
	texts := []string{"", " ", "a", "  a", "▁", "▁▁a ▁b", " ▁", "<0x0A>", "<0x41>\n", "Hello world", " Hello  world ", "e\u0301", "\u0301", "Å\u0323\u0302",
		strings.Repeat("\u0301\u0323", 40), "a" + strings.Repeat("\u0308", 50), "각\u11A8", "\u1100\u1161\u11A8\u11A8", "<s>", "<s>x", "x<s> y", "it'ſ IT'S 'ſ"}
	for len(texts) < n {
		text := strings.ToValidUTF8(hardText(rng, 1+rng.IntN(24)), "")
		if len(added) > 0 && rng.IntN(3) == 0 {
			var with strings.Builder
			for range 1 + rng.IntN(4) {
				with.WriteString(strings.ToValidUTF8(hardText(rng, rng.IntN(4)), ""))
				with.WriteString(added[rng.IntN(len(added))].Content)
				with.WriteString(strings.Repeat(" ", rng.IntN(3)))
			}
			text = with.String()
		}
		texts = append(texts, text)
	}
	return texts
}

// idsFor returns lists of ids: those of texts, and random ones.
func idsFor(tokenizer *Tokenizer, texts []string, n int) [][]int64 {
	rng := rand.New(rand.NewPCG(25, 26))
	lists := make([][]int64, 0, n)
	for i := range n {
		if i%2 == 0 {
			lists = append(lists, tokenizer.EncodeTemplate(texts[i%len(texts)]))
			continue
		}
		ids := make([]int64, rng.IntN(12))
		for k := range ids {
			if ids[k] = rng.Int64N(int64(tokenizer.Size())); rng.IntN(2) == 0 {
				ids[k] = rng.Int64N(min(400, int64(tokenizer.Size()))) // bytes, for the most part
			}
		}
		lists = append(lists, ids)
	}
	return lists
}

// compareWith compares a tokenizer with an answer to a question about texts and ids.
func compareWith(t *testing.T, tokenizer *Tokenizer, q jsonQuestion, a jsonAnswer) {
	t.Helper()
	wrong := 0
	report := func(format string, arguments ...any) {
		if wrong++; wrong <= 5 {
			t.Errorf(format, arguments...)
		}
	}
	if tokenizer.Size() != a.Size {
		t.Errorf("%d pieces, in Python %d", tokenizer.Size(), a.Size)
	}
	for i, text := range q.Texts {
		for k, encode := range []func(string) []int64{tokenizer.Encode, tokenizer.EncodeSpecial, tokenizer.EncodeTemplate} {
			if got, want := encode(text), a.IDs[i][k]; want != nil && !slices.Equal(got, want) {
				report("%s(%q):\n got %v\nwant %v", []string{"Encode", "EncodeSpecial", "EncodeTemplate"}[k], text, got, want)
			}
		}
	}
	for i, ids := range q.IDs {
		if got, err := tokenizer.Text(ids); err != nil || a.Texts[i] != nil && got != *a.Texts[i] {
			report("Text(%v) = %q, %v, want %q", ids, got, err, *a.Texts[i])
		}
		bytes, err := tokenizer.Decode(ids)
		entries, err2 := tokenizer.Describe(ids)
		var joined []byte
		for _, e := range entries {
			joined = append(joined, e.Bytes...)
		}
		if err != nil || err2 != nil || string(joined) != string(bytes) {
			report("Describe(%v) has the bytes %q, Decode %q, %v, %v", ids, joined, bytes, err2, err)
		}
		if text, _ := tokenizer.Text(ids); utf8.Valid(bytes) && text != string(bytes) && !strings.Contains(text, "\uFFFD") {
			report("Decode(%v) = %q, and as text %q", ids, bytes, text)
		}
	}
	if wrong > 5 {
		t.Errorf("%d differences", wrong)
	}
	panics := 0
	for _, ids := range a.IDs {
		if ids[0] == nil || ids[1] == nil || ids[2] == nil {
			panics++
		}
	}
	if panics > len(a.IDs)/4 {
		t.Errorf("Python has no ids for %d of %d texts", panics, len(a.IDs))
	}
}

// Ids and texts of tokenizer.json files are those of Hugging Face's tokenizers, for 2,000 hard
// texts of every kind. Those of a folder are transformers'.
func TestTokenizerJSONIsPythons(t *testing.T) {
	dir := trained(t)
	var questions []jsonQuestion
	var tokenizers []*Tokenizer
	for _, kind := range kinds {
		folder := filepath.Join(dir, kind)
		file, err := os.ReadFile(filepath.Join(folder, tokenizerJSON))
		if err != nil {
			t.Fatal(err)
		}
		alone, err := openJSON(file, &settings{})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		opened, err := Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		texts := textsFor(alone.asSpec().added, 2000)
		ids := idsFor(alone, texts, 2000)
		questions = append(questions, jsonQuestion{File: filepath.Join(folder, tokenizerJSON), Texts: texts, IDs: ids},
			jsonQuestion{Folder: folder, Texts: texts, IDs: ids})
		tokenizers = append(tokenizers, alone, opened)
	}
	answers := askHuggingFace(t, questions...)
	for i, tokenizer := range tokenizers {
		t.Run(kinds[i/2]+[]string{"", " in its folder"}[i%2], func(t *testing.T) {
			compareWith(t, tokenizer, questions[i], answers[i])
			again := t.TempDir()
			if err := tokenizer.Save(again); err != nil {
				t.Fatal(err)
			}
			if saved, err := Open(again); err != nil || saved.Digest() != tokenizer.Digest() {
				t.Errorf("what Save wrote is not the same again: %v", err)
			}
		})
	}
}
