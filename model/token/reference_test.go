package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/golens/golens/internal/untested"
)

// moduleRoot returns the folder of go.mod.
var moduleRoot = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
})

// shared returns the path of a file of the data folder beside the module, and
// skips the test where it is not there.
func shared(t *testing.T, name string) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		untested.Here(t, "no %s beside the module: %v", filepath.Join("shared", name), err)
	}
	return path
}

// python returns the interpreter of the reference environment: GOLENS_PYTHON,
// or the module's .venv. It skips the test where there is neither; one that is
// named must work.
func python(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("GOLENS_PYTHON"); path != "" {
		return path
	}
	path, err := ownPython()
	if err != nil {
		untested.Missing(t, "no reference: GOLENS_PYTHON is not set, and %s cannot import what is compared with: %v", path, err)
	}
	return path
}

// ownPython returns the interpreter in .venv, and an error if it lacks a library.
var ownPython = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".venv", "bin", "python")
	return path, exec.Command(path, "-c", "import tiktoken, regex, tokenizers, transformers").Run()
})

// ask has tiktoken answer the questions; testdata/tiktoken_ids.py says what
// they look like. Its pieces are those of the tokenizer below <|endoftext|>.
func ask[Answer any](t *testing.T, tokenizer *Tokenizer, questions []any) []Answer {
	t.Helper()
	interpreter := python(t)
	ranks := filepath.Join(t.TempDir(), "ranks.tiktoken")
	var file bytes.Buffer
	for id := range int64(ranksCount) {
		piece, err := tokenizer.Piece(id)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&file, "%s %d\n", base64.StdEncoding.EncodeToString(piece), id)
	}
	if err := os.WriteFile(ranks, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, question := range questions {
		if err := encoder.Encode(question); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(interpreter, filepath.Join("testdata", "tiktoken_ids.py"), ranks)
	command.Stdin = &input
	var trouble bytes.Buffer
	command.Stderr = &trouble
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, trouble.Bytes())
	}
	var answers []Answer
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var answer Answer
		if err := decoder.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

type question struct {
	Text    []byte `json:"text"`
	Special bool   `json:"special"`
}

// referenceTexts are the texts that are compared with tiktoken.
func referenceTexts() []string {
	texts := []string{""}
	for _, part := range hardParts {
		texts = append(texts, part, " "+part, part+" ", "a"+part+"b", part+part, "x "+part+"  "+part+"\n"+part)
	}
	// Each space, alone, in runs, before and after everything else.
	for r := range rune(0x3001) {
		if classOf(r) != space {
			continue
		}
		s := string(r)
		for n := range 5 {
			run := strings.Repeat(s, n+1)
			texts = append(texts, run, "a"+run, run+"a", "a"+run+"b", run+"1", run+"!", run+" a", " "+run+"a", run+"'s")
		}
	}
	// Each character of the first planes' most used blocks between letters and digits.
	for r := range rune(0x600) {
		texts = append(texts, "a"+string(r)+"1"+string(r)+" "+string(r)+"!")
	}
	for _, n := range []int{1, 2, 3, shortWord - 1, shortWord, shortWord + 1, 100, 1000, 5000} {
		for _, unit := range []string{"a", "ab", "the", " ", "\n", "-", "=", ".", "0", "é", "漢", "😀", "\xFF", "'s", "antidis"} {
			texts = append(texts, strings.Repeat(unit, n))
		}
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for range 6000 {
		texts = append(texts, hardText(rng, 1+rng.IntN(30)))
	}
	return texts
}

func TestIdsAreTiktokens(t *testing.T) {
	tokenizer, err := GPT2()
	if err != nil {
		t.Fatal(err)
	}
	texts := referenceTexts()
	var questions []any
	for _, text := range texts {
		questions = append(questions, question{[]byte(text), false}, question{[]byte(text), true})
	}
	answers := ask[[]int64](t, tokenizer, questions)
	invalid, special, wrong := 0, 0, 0
	for i, text := range texts {
		got, want := tokenizer.Encode(text), answers[2*i]
		if !utf8.ValidString(text) {
			invalid++
		} else if got, want := tokenizer.EncodeSpecial(text), answers[2*i+1]; !slices.Equal(got, want) {
			t.Errorf("EncodeSpecial(%q):\n got %v\nwant %v", text, got, want)
			wrong++
		} else if slices.Contains(want, 50256) {
			special++
		}
		if !slices.Equal(got, want) {
			t.Errorf("Encode(%q):\n got %v\nwant %v", text, got, want)
			wrong++
		}
		if wrong > 10 {
			t.Fatal("and perhaps more")
		}
	}
	if invalid < 300 || special < 100 {
		t.Errorf("only %d texts that are not UTF-8 and %d with special tokens", invalid, special)
	}
	t.Logf("%d texts compared, %d of them not UTF-8, %d with special tokens", len(texts), invalid, special)
}

func TestClassesAreTiktokens(t *testing.T) {
	tokenizer, err := GPT2()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"L", "N", "S"}
	var questions []any
	for _, name := range names {
		questions = append(questions, map[string]string{"class": name})
	}
	want := bytes.Repeat([]byte("-"), unicode.MaxRune+1)
	for i, runs := range ask[[][2]int](t, tokenizer, questions) {
		for _, run := range runs {
			for r := run[0]; r <= run[1]; r++ {
				want[r] = names[i][0]
			}
		}
	}
	wrong := 0
	for r, got := range classes() {
		if got != want[r] {
			if wrong++; wrong <= 10 {
				t.Errorf("U+%04X is %c, to tiktoken %c", r, got, want[r])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d code points differ", wrong)
	}
}
