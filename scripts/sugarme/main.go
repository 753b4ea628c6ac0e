// Command sugarme compares the ids of github.com/sugarme/tokenizer, of golens and of Python's
// tokenizers, on the same files and texts, and prints a table in Markdown. It is a module of its
// own, so that golens does not require what it does not use. See run.sh.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/golens/golens/model/token"
	"github.com/sugarme/tokenizer/pretrained"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sugarme FOLDER, as make.py makes it")
		os.Exit(2)
	}
	log.SetOutput(io.Discard) // the library's own
	if err := compare(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "sugarme:", err)
		os.Exit(1)
	}
}

func compare(folder string) error {
	var texts []string
	if err := readJSON(filepath.Join(folder, "texts.json"), &texts); err != nil {
		return err
	}
	fmt.Printf("| file like that of | sugarme/tokenizer: wrong of %d | golens: wrong |\n| --- | --- | --- |\n", len(texts))
	for _, family := range []string{"GPT-2", "Pythia", "Llama 2", "Gemma", "Llama 3", "Qwen 2"} {
		dir := filepath.Join(folder, family)
		var want [][]int64
		if err := readJSON(filepath.Join(dir, "ids.json"), &want); err != nil {
			return err
		}
		own, err := token.Open(dir)
		if err != nil {
			return err
		}
		wrong := 0
		for i, text := range texts {
			if !slices.Equal(own.EncodeSpecial(text), want[i]) {
				wrong++
			}
		}
		fmt.Printf("| %s | %s | %d |\n", family, theirs(filepath.Join(dir, "tokenizer.json"), texts, want), wrong)
	}
	return nil
}

// theirs says how sugarme/tokenizer does with a file.
func theirs(file string, texts []string, want [][]int64) string {
	var encode func(string) ([]int64, error)
	if why := guarded(func() error {
		tok, err := pretrained.FromFile(file)
		encode = func(text string) ([]int64, error) {
			e, err := tok.EncodeSingle(text)
			if err != nil {
				return nil, err
			}
			ids := make([]int64, len(e.Ids))
			for i, id := range e.Ids {
				ids[i] = int64(id)
			}
			return ids, nil
		}
		return err
	}); why != nil {
		return fmt.Sprintf("cannot load it: %.90s", why.Error())
	}
	wrong, panics, failed := 0, 0, 0
	for i, text := range texts {
		var ids []int64
		err := guarded(func() (err error) {
			ids, err = encode(text)
			return err
		})
		switch err.(type) {
		case nil:
			if !slices.Equal(ids, want[i]) {
				wrong++
			}
		case panicked:
			panics++
		default:
			failed++
		}
	}
	said := fmt.Sprint(wrong)
	if panics > 0 {
		said += fmt.Sprintf(", and %d panics", panics)
	}
	if failed > 0 {
		said += fmt.Sprintf(", and %d errors", failed)
	}
	return said
}

// panicked is a panic as an error.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprint(p.value) }

func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked{p}
		}
	}()
	return f()
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}
