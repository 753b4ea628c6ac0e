package token

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestEncodeKnownIds(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	for text, want := range map[string][]int64{
		"":                           {},
		"Hello world":                {15496, 995},
		"hello world":                {31373, 995},
		" the":                       {262},
		"\n\n":                       {628},
		"a  b":                       {64, 220, 275},
		"<|endoftext|>":              {27, 91, 437, 1659, 5239, 91, 29},
		"\xFF":                       {187},
		"\x00":                       {188},
		"👋":                          {41840, 233},
		" SolidGoldMagikarp":         {43453},
		"I'm IT'S":                   {40, 1101, 7283, 6, 50},
		strings.Repeat("a", 8):       {24794, 24794},
		strings.Repeat(" ", 3) + "x": {220, 220, 2124},
	} {
		if got := tokenizer.Encode(text); !slices.Equal(got, want) || got == nil {
			t.Errorf("Encode(%q) = %#v, want %v", text, got, want)
		}
	}
}

func TestEncodeSpecial(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	for text, want := range map[string][]int64{
		"":                               {},
		"<|endoftext|>":                  {50256},
		"<|endoftext|><|endoftext|>":     {50256, 50256},
		"foo<|endoftext|>bar":            {21943, 50256, 5657},
		"a <|endoftext|> b":              {64, 220, 50256, 275},
		"<<|endoftext|>>":                {27, 50256, 29},
		"<|endoftext|":                   tokenizer.Encode("<|endoftext|"),
		"<|endoftext<|endoftext|>":       append(tokenizer.Encode("<|endoftext"), 50256),
		"<|ENDOFTEXT|>":                  tokenizer.Encode("<|ENDOFTEXT|>"),
		"\xFF<|endoftext|>\xFE":          {187, 50256, 186},
		"\n\n<|endoftext|>\n\nx":         append([]int64{628, 50256, 198, 198}, tokenizer.Encode("x")...),
		"no special token, only <b>text": tokenizer.Encode("no special token, only <b>text"),
	} {
		if got := tokenizer.EncodeSpecial(text); !slices.Equal(got, want) || got == nil {
			t.Errorf("EncodeSpecial(%q) = %v, want %v", text, got, want)
		}
	}
}

// Of special tokens that begin at the same place the longest is meant.
func TestEncodeSpecialTakesTheLongest(t *testing.T) {
	tokenizer, err := Open(folder(t, vocabJSON("<s>", "<s>>", "<sep>"), "#version: 0.2\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tokenizer.EncodeSpecial("<s>><s>a<sep><s"), []int64{257, 256, 'a', 258, '<', 's'}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSharedCases(t *testing.T) {
	file, err := os.Open(shared(t, "tokenizer/cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tokenizer := gpt2ForTest(t)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var line struct {
			Text *string `json:"text"`
			IDs  []int64 `json:"ids"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Text == nil || line.IDs == nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		if got := tokenizer.Encode(*line.Text); !slices.Equal(got, line.IDs) {
			t.Errorf("line %d: Encode(%q) = %v, want %v", n+1, *line.Text, got, line.IDs)
		}
	}
	if err := lines.Err(); err != nil || n < 2000 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func TestAnyBytesComeBack(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	rng := rand.New(rand.NewPCG(11, 12))
	for range 3000 {
		text := make([]byte, rng.IntN(200))
		for i := range text {
			if text[i] = byte(rng.IntN(256)); rng.IntN(3) == 0 {
				text[i] = " \n'<sE\xC3\xE2"[rng.IntN(8)]
			}
		}
		for _, encode := range []func(string) []int64{tokenizer.Encode, tokenizer.EncodeSpecial} {
			if got, err := tokenizer.Decode(encode(string(text))); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("%q came back as %q, %v", text, got, err)
			}
		}
	}
}

// The ids of a text of a megabyte are those of its parts: nothing in the way
// words are found or merged depends on how much there is.
func TestEncodeMegabyte(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	const part = "The way you do anything is the way you do everything.\n" // ends its last word
	n := 1<<20/len(part) + 1
	want := slices.Repeat(tokenizer.Encode(part), n)
	if got := tokenizer.Encode(strings.Repeat(part, n)); !slices.Equal(got, want) {
		t.Errorf("%d ids, want %d times those of %q", len(got), n, part)
	}
	a := tokenizer.Encode(strings.Repeat("a", 1<<20))
	if got, err := tokenizer.Decode(a); err != nil || string(got) != strings.Repeat("a", 1<<20) {
		t.Errorf("a megabyte of one letter came back as %d bytes, %v", len(got), err)
	}
}

func TestUnknownIds(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	for _, id := range []int64{-1, 50257, 1 << 31, 1<<32 + 5, math.MaxInt64, math.MinInt64} {
		_, pieceErr := tokenizer.Piece(id)
		_, displayErr := tokenizer.Display(id)
		_, decodeErr := tokenizer.Decode([]int64{262, id})
		_, describeErr := tokenizer.Describe([]int64{262, id})
		for name, err := range map[string]error{"Piece": pieceErr, "Display": displayErr, "Decode": decodeErr, "Describe": describeErr} {
			if err == nil || !strings.Contains(err.Error(), "id "+jsonNumber(id)+" is outside the vocabulary of 50257 pieces (ids 0 to 50256)") {
				t.Errorf("%s(%d): error %v", name, id, err)
			}
		}
		if decodeErr != nil && !strings.Contains(decodeErr.Error(), "number 2 of 2") {
			t.Errorf("Decode does not say where the id %d is: %v", id, decodeErr)
		}
		if tokenizer.IsSpecial(id) {
			t.Errorf("IsSpecial(%d)", id)
		}
	}
}

func jsonNumber(id int64) string {
	b, _ := json.Marshal(id)
	return string(b)
}

func TestDescribe(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	entries, err := tokenizer.Describe(tokenizer.EncodeSpecial("Hi 👋\n<|endoftext|>"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{17250, 0, []byte("Hi"), "Hi", false},
		{50169, 2, []byte(" \xF0\x9F\x91"), "ĠðŁĳ", false},
		{233, 6, []byte("\x8B"), "ĭ", false},
		{198, 7, []byte("\n"), "Ċ", false},
		{50256, 8, []byte("<|endoftext|>"), "<|endoftext|>", true},
	}
	if !slices.EqualFunc(entries, want, func(a, b Entry) bool {
		return a.ID == b.ID && a.Start == b.Start && bytes.Equal(a.Bytes, b.Bytes) && a.Display == b.Display && a.Special == b.Special
	}) {
		t.Errorf("got %+v\nwant %+v", entries, want)
	}
	if entries, err := tokenizer.Describe(nil); err != nil || len(entries) != 0 {
		t.Errorf("Describe(nil) = %v, %v", entries, err)
	}
}

// What a caller does with the bytes it gets must not reach the vocabulary.
func TestBytesAreCopies(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	piece, err := tokenizer.Piece(262)
	if err != nil || string(piece) != " the" {
		t.Fatalf("Piece(262) = %q, %v", piece, err)
	}
	entries, err := tokenizer.Describe([]int64{262, 262})
	if err != nil {
		t.Fatal(err)
	}
	copy(piece, "XXXX")
	_ = append(entries[0].Bytes, 'X')
	copy(entries[0].Bytes, "XXXX")
	if string(entries[1].Bytes) != " the" {
		t.Errorf("the second entry is %q", entries[1].Bytes)
	}
	if again, _ := tokenizer.Piece(262); string(again) != " the" {
		t.Errorf("Piece(262) is %q now", again)
	}
}

func TestDigestTellsTokenizersApart(t *testing.T) {
	seen := map[string]string{}
	for name, files := range map[string][2]string{
		"one merge":     {vocabJSON("ab", "abc", "bc"), "a b\n"},
		"two merges":    {vocabJSON("ab", "abc", "bc"), "a b\nab c\n"},
		"other parts":   {vocabJSON("ab", "abc", "bc"), "b c\na bc\n"},
		"other order":   {vocabJSON("ab", "abc", "bc"), "a bc\nb c\n"},
		"other ids":     {vocabJSON("abc", "ab", "bc"), "a b\n"},
		"one piece on":  {vocabJSON("ab", "abc", "bc", "<s>"), "a b\n"},
		"other borders": {vocabJSON("ab", "abcb", "c"+"c"), "a b\n"},
		"literal":       {vocabJSON("ab", "漢"), "a b\n"},
		"its bytes":     {vocabJSON("ab", toAlphabet([]byte("漢"))), "a b\n"},
	} {
		tokenizer, err := Open(folder(t, files[0], files[1]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		digest := tokenizer.Digest()
		if len(digest) != 64 {
			t.Errorf("%s: digest %q", name, digest)
		}
		if other, ok := seen[digest]; ok {
			t.Errorf("%q and %q have the same digest", name, other)
		}
		seen[digest] = name
	}
}

// Results carry the digest, so that it must not change from version to version.
func TestDigestOfGPT2(t *testing.T) {
	const want = "e2f7f3960b24261f74ff252a7d893f253efa5d2d39bfe93032218fbfd7f235a9"
	if got := gpt2ForTest(t).Digest(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConcurrentUse(t *testing.T) {
	tokenizer, err := Open(folder(t, vocabJSON("ab", "<s>"), "a b\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("abba <s>", 20) + strings.Repeat("ab", 100)
	var group sync.WaitGroup
	ids := make([][]int64, 8)
	digests := make([]string, len(ids))
	for i := range ids {
		group.Go(func() {
			tokenizer.Encode(text)
			ids[i] = tokenizer.EncodeSpecial(text)
			digests[i] = tokenizer.Digest()
		})
	}
	group.Wait()
	for i := range ids {
		if !slices.Equal(ids[i], ids[0]) || digests[i] != digests[0] {
			t.Errorf("goroutine %d got other ids or another digest", i)
		}
	}
}
