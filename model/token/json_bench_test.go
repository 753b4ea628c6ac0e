package token

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The time of a megabyte, for each kind of tokenizer.json: of this module's own
// text, and of one word.
func BenchmarkTokenizerJSON(b *testing.B) {
	dir := trained(b)
	file, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "text"))
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat(string(file), 1+(1<<20)/len(file))[:1<<20]
	word := strings.Map(func(r rune) rune {
		if classOf(r) == letter {
			return r
		}
		return -1
	}, strings.Repeat(text, 3))[:1<<20]
	for _, kind := range kinds {
		tokenizer, err := Open(filepath.Join(dir, kind))
		if err != nil {
			b.Fatal(err)
		}
		for name, text := range map[string]string{"text": text, "word": word} {
			b.Run(kind+"/"+name, func(b *testing.B) {
				b.SetBytes(1 << 20)
				for b.Loop() {
					tokenizer.Encode(text)
				}
			})
		}
	}
}
