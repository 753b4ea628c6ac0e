package token

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// plainSplit is the rule of merging in its plainest form: of all places where
// some merge fits take the one with the lowest rank, the leftmost if there are
// several, merge there, and begin again.
func plainSplit(v *vocabulary, word string) []int32 {
	var ids []int32
	for _, b := range []byte(word) {
		ids = append(ids, v.bytes[b])
	}
again:
	for _, m := range v.merges {
		for i := 0; i+1 < len(ids); i++ {
			if ids[i] == m.left && ids[i+1] == m.right {
				ids = slices.Replace(ids, i, i+2, m.made)
				goto again
			}
		}
	}
	return ids
}

// randomVocabulary returns a vocabulary of the bytes and of merges of random pieces. Some make the
// same piece twice, and the order leaves some that can never happen.
func randomVocabulary(rng *rand.Rand, letters, merges int) *vocabulary {
	names := make([]string, 256)
	ids := map[string]int32{}
	for b := range names {
		names[b] = string(alphabet[b])
		ids[names[b]] = int32(b)
	}
	pool := make([]int32, letters) // what the merges are made of
	for i := range pool {
		pool[i] = int32('a' + i)
	}
	var list []merge
	seen := map[[2]int32]bool{}
	for len(list) < merges {
		left, right := pool[rng.IntN(len(pool))], pool[rng.IntN(len(pool))]
		if seen[[2]int32{left, right}] {
			continue
		}
		seen[[2]int32{left, right}] = true
		name := names[left] + names[right]
		id, ok := ids[name]
		if !ok {
			id = int32(len(names))
			names = append(names, name)
			ids[name] = id
			pool = append(pool, id)
		}
		list = append(list, merge{left, right, id})
	}
	if rng.IntN(2) == 0 {
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	v, err := build(names, list)
	if err != nil {
		panic(err)
	}
	return v
}

func TestSplitFollowsTheRule(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var m merger
	short, long := 0, 0
	for range 200 {
		letters := 1 + rng.IntN(4)
		v := randomVocabulary(rng, letters, 1+rng.IntN(12*letters))
		for range 20 {
			word := randomWord(rng, letters, rng.IntN(3*shortWord))
			want := plainSplit(v, word)
			if got := m.split(v, word); !slices.Equal(got, want) {
				t.Fatalf("split(%q) = %v, want %v; merges %v", word, got, want, v.merges)
			}
			if len(word) <= shortWord {
				short++
			} else {
				long++
			}
		}
	}
	if short < 500 || long < 500 {
		t.Errorf("%d short and %d long words; both ways need some", short, long)
	}
}

// Words of GPT-2 of every length around the change from one way to the other.
func TestSplitShortEqualsLong(t *testing.T) {
	v := gpt2Vocabulary(t)
	rng := rand.New(rand.NewPCG(5, 6))
	var a, b merger
	for range 2000 {
		word := randomWord(rng, 26, 1+rng.IntN(4*shortWord))
		a.start(v, word)
		b.start(v, word)
		short, long := a.splitShort(v), b.splitLong(v)
		if !slices.Equal(short, long) {
			t.Fatalf("%q: the short way gives %v, the long one %v", word, short, long)
		}
	}
}

func randomWord(rng *rand.Rand, letters, length int) string {
	word := make([]byte, length)
	for i := range word {
		word[i] = byte('a' + rng.IntN(letters))
	}
	return string(word)
}

// Twice the word takes little more than twice the steps, not four times. The
// steps are counted, as times on a busy machine prove nothing.
func TestSplitIsNearlyLinear(t *testing.T) {
	v := gpt2Vocabulary(t)
	rng := rand.New(rand.NewPCG(7, 8))
	random := randomWord(rng, 26, 1<<18)
	for name, word := range map[string]string{
		"one letter":      strings.Repeat("a", 1<<18),
		"one word":        strings.Repeat("antidisestablishmentarianism", 1<<18/28),
		"two letters":     strings.Repeat("ab", 1<<17),
		"spaces":          strings.Repeat(" ", 1<<18),
		"dashes":          strings.Repeat("-", 1<<18),
		"random letters":  random,
		"invalid UTF-8":   strings.Repeat("\xFF", 1<<18),
		"three-byte text": strings.Repeat("漢字", 1<<18/6),
	} {
		steps := func(n int) int {
			var m merger
			ids := m.split(v, word[:n])
			if got := len(joined(v, ids)); got != n {
				t.Errorf("%s: the pieces of %d bytes have %d bytes", name, n, got)
			}
			return m.steps
		}
		half, whole := steps(len(word)/2), steps(len(word))
		t.Logf("%s: %d bytes, %.1f steps a byte", name, len(word), float64(whole)/float64(len(word)))
		if whole > 5*half/2 {
			t.Errorf("%s: %d steps for %d bytes, %d for twice as many", name, half, len(word)/2, whole)
		}
	}
}

// joined returns the bytes of the pieces, end to end.
func joined(v *vocabulary, ids []int32) []byte {
	var text []byte
	for _, id := range ids {
		text = append(text, v.piece(id)...)
	}
	return text
}

func gpt2Vocabulary(t *testing.T) *vocabulary {
	t.Helper()
	tokenizer, err := GPT2()
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer.vocabulary
}
