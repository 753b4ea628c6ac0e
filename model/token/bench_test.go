package token

import (
	"strings"
	"testing"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

func BenchmarkReadRanks(b *testing.B) {
	file, err := assets.Assets.ReadFile(ranksFile)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := readRanks(file, ranksCount); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	if err := gpt2ForTest(b).Save(dir); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(dir); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	v := gpt2ForTest(b).vocabulary
	for b.Loop() {
		digest(v)
	}
}

// benchmarkTexts are a megabyte each.
var benchmarkTexts = map[string]string{
	"prose":     strings.Repeat("The way you do anything is the way you do everything; it's 42 degrees, isn't it?\n", 1<<20/82),
	"chinese":   strings.Repeat("你做任何事的方式就是你做一切事的方式。", 1<<20/57),
	"oneletter": strings.Repeat("a", 1<<20),
}

func BenchmarkEncode(b *testing.B) {
	gpt2 := gpt2ForTest(b)
	for name, text := range benchmarkTexts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				gpt2.Encode(text)
			}
		})
	}
}
