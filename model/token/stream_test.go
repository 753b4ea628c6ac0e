package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"
)

// readAllIDs returns the ids of a stream, which it reads in pieces of changing sizes.
func readAllIDs(t testing.TB, s *Stream) []int64 {
	t.Helper()
	ids := []int64{}
	buffer := make([]int64, 100)
	for size := 1; ; size = (size*7 + 1) % 100 {
		n, err := s.ReadIDs(buffer[:size])
		ids = append(ids, buffer[:n]...)
		if err == io.EOF {
			return ids
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pairedTokenizer returns a tokenizer of bytes in which any two of a few characters merge. So a
// text that is cut within a word has other ids.
func pairedTokenizer(t testing.TB, changes object) *Tokenizer {
	t.Helper()
	vocab, merges := object{}, []string{}
	for b, r := range alphabet {
		vocab[string(r)] = b
	}
	few := []rune{alphabet['a'], alphabet['s'], alphabet[' '], alphabet['\n'], alphabet['1'], alphabet['.'], alphabet['\''], alphabet['/'], alphabet[0xC3], alphabet[0xA9]}
	for _, x := range few {
		for _, y := range few {
			if _, ok := vocab[string([]rune{x, y})]; !ok {
				vocab[string([]rune{x, y})] = len(vocab)
				merges = append(merges, string(x)+" "+string(y))
			}
		}
	}
	all := object{
		"added_tokens": []any{}, "normalizer": nil, "post_processor": nil, "decoder": object{"type": "ByteLevel"},
		"model.vocab": vocab, "model.merges": merges, "model.unk_token": nil, "model.byte_fallback": false, "model.fuse_unk": false,
	}
	for k, v := range changes {
		all[k] = v
	}
	return llama(t, all)
}

// splitBy returns a pre_tokenizer that cuts by an expression.
func splitBy(expression string) object {
	return object{"type": "Sequence", "pretokenizers": []any{
		object{"type": "Split", "pattern": object{"Regex": expression}, "behavior": "Isolated", "invert": false},
		object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}}}
}

// streamed are tokenizers whose texts can be cut.
func streamed(t testing.TB) map[string]*Tokenizer {
	t.Helper()
	added := func(content string, more object) object {
		a := object{"id": 0, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false}
		for k, v := range more {
			a[k] = v
		}
		return a
	}
	tokens := []any{added("  ", object{"normalized": true}), added("   ", object{"normalized": true}), added("<s>", object{"special": true})}
	greedy := []any{added("<r>", object{"rstrip": true}), added("<l>", object{"lstrip": true}), added("<w>", object{"single_word": true}), added("a", object{"single_word": true}), added("s ", nil), added(".\n", nil)}
	plain := object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	spaced := object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}
	digits := object{"type": "Sequence", "pretokenizers": []any{object{"type": "Digits", "individual_digits": true}, plain}}
	numbers := splitBy(llama3Pattern)
	numbers["pretokenizers"] = append([]any{object{"type": "Split", "pattern": object{"Regex": `\p{N}{1,3}`}, "behavior": "Isolated", "invert": false}}, numbers["pretokenizers"].([]any)...)
	meta := func(scheme string, split bool) object {
		return object{"pre_tokenizer": object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}, "normalizer": nil}
	}
	return map[string]*Tokenizer{
		"GPT-2":           gpt2ForTest(t),
		"words":           pairedTokenizer(t, object{"pre_tokenizer": plain, "added_tokens": tokens}),
		"words in NFC":    pairedTokenizer(t, object{"pre_tokenizer": plain, "normalizer": object{"type": "NFC"}, "added_tokens": tokens}),
		"words in NFKD":   pairedTokenizer(t, object{"pre_tokenizer": plain, "normalizer": object{"type": "NFKD"}, "added_tokens": tokens[2:]}),
		"space in front":  pairedTokenizer(t, object{"pre_tokenizer": spaced, "added_tokens": tokens}),
		"greedy tokens":   pairedTokenizer(t, object{"pre_tokenizer": plain, "added_tokens": greedy}),
		"digits":          pairedTokenizer(t, object{"pre_tokenizer": digits}),
		"Llama 3":         pairedTokenizer(t, object{"pre_tokenizer": splitBy(llama3Pattern), "model.ignore_merges": true, "added_tokens": greedy}),
		"Qwen":            pairedTokenizer(t, object{"pre_tokenizer": splitBy(qwenPattern), "normalizer": object{"type": "NFC"}, "added_tokens": tokens[2:]}),
		"Tekken":          pairedTokenizer(t, object{"pre_tokenizer": splitBy(tekkenPattern)}),
		"numbers first":   pairedTokenizer(t, object{"pre_tokenizer": numbers}),
		"Llama 2":         llama(t, nil),
		"Gemma":           llama(t, object{"normalizer": object{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}, "pre_tokenizer": object{"type": "Split", "pattern": object{"String": " "}, "behavior": "MergedWithPrevious", "invert": false}}),
		"unknown":         llama(t, object{"model.byte_fallback": false}),
		"Metaspace":       llama(t, meta("always", true)),
		"Metaspace whole": llama(t, meta("first", false)),
	}
}

// TestStream: a stream has the ids of the whole text, however the text comes, and holds
// little of it.
func TestStream(t *testing.T) {
	for name, k := range streamed(t) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(33, 34))
			for i, n := range []int{0, 1, 2, 10, 1000, 4000} {
				text := streamText(rng, n)
				if i%2 == 1 {
					text += hardText(rng, n)
				}
				for special, encode := range map[bool]func(string) []int64{false: k.Encode, true: k.EncodeSpecial} {
					for way, r := range map[string]io.Reader{
						"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)),
						"halves": iotest.HalfReader(strings.NewReader(text)), "end with data": iotest.DataErrReader(strings.NewReader(text)),
					} {
						for _, step := range []int{16, 300, streamBytes} {
							s := k.NewStream(r, special)
							s.step = step
							if s.Whole() != "" {
								t.Fatal(s.Whole())
							}
							if got, want := readAllIDs(t, s), encode(text); !slices.Equal(got, want) {
								at := 0
								for at < len(got) && at < len(want) && got[at] == want[at] {
									at++
								}
								near, _ := k.Decode(want[max(0, at-20):min(len(want), at+20)])
								t.Fatalf("%s, %d bytes at a time, special %v: %d ids, the whole %d; the first that differs is in %q", way, step, special, len(got), len(want), near)
							}
							if s.Bytes() != int64(len(text)) {
								t.Errorf("%d bytes of %d", s.Bytes(), len(text))
							}
							r = strings.NewReader(text)
						}
					}
				}
			}
		})
	}
}

// endless is prose without an end, and counts what was read of it.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	const prose = "It was the best of times, it was the worst of times.\nThere were 2 cities; "
	for i := range p {
		p[i] = prose[(e.n+i)%len(prose)]
	}
	e.n += len(p)
	return len(p), nil
}

// TestStreamIsFlat: of a text without end little more is read than ids are asked for.
func TestStreamIsFlat(t *testing.T) {
	for name, k := range streamed(t) {
		e := &endless{}
		s := k.NewStream(e, true)
		ids := make([]int64, 1000)
		for range 300 {
			if n, err := s.ReadIDs(ids); n != len(ids) || err != nil {
				t.Fatalf("%s: %d ids, %v", name, n, err)
			}
			if ahead := e.n - int(s.Bytes()); ahead > 2*streamBytes || cap(s.text) > 4*streamBytes || cap(s.ids) > 2*streamBytes {
				t.Fatalf("%s: %d bytes are read and not encoded; room for %d bytes and %d ids", name, ahead, cap(s.text), cap(s.ids))
			}
		}
	}
}

// TestStreamWithoutCuts: a text is read whole where it cannot be said where it may be cut.
func TestStreamWithoutCuts(t *testing.T) {
	for name, changes := range map[string]object{
		"expression":   {"pre_tokenizer": splitBy(`\s+|\S+`)},
		"whole text":   {"pre_tokenizer": object{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}},
		"replacement":  {"pre_tokenizer": splitBy(qwenPattern), "normalizer": object{"type": "Replace", "pattern": object{"Regex": "a.*1"}, "content": "s"}},
		"marked words": {"pre_tokenizer": splitBy(qwenPattern), "normalizer": object{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}},
		"removed":      {"pre_tokenizer": object{"type": "Split", "pattern": object{"Regex": qwenPattern}, "behavior": "Removed", "invert": false}},
	} {
		k := pairedTokenizer(t, changes)
		rng := rand.New(rand.NewPCG(35, 36))
		text := streamText(rng, 3000)
		s := k.NewStream(strings.NewReader(text), true)
		s.step = 64
		if s.Whole() == "" {
			t.Errorf("%s: nothing is said", name)
		}
		if got, want := readAllIDs(t, s), k.EncodeSpecial(text); !slices.Equal(got, want) {
			t.Errorf("%s: %d ids, want %d", name, len(got), len(want))
		}
	}
	inner := llama(t, object{"model.vocab": object{"<unk>": 0, "<s>": 1, "</s>": 2, "▁": 3, "a": 4, "a▁": 5}, "model.merges": []string{"a ▁"}})
	if s := inner.NewStream(strings.NewReader("a a"), true); s.Whole() == "" {
		t.Error("pieces with a space inside: nothing is said")
	}
}

// TestStreamErrors: what was read before an error is given first.
func TestStreamErrors(t *testing.T) {
	broken := errors.New("broken")
	k := gpt2ForTest(t)
	text := strings.Repeat("The cat sat. ", 20_000)
	s := k.NewStream(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), true)
	ids, n := make([]int64, 200_000), 0
	var err error
	for err == nil {
		var got int
		got, err = s.ReadIDs(ids[n:])
		n += got
	}
	if !errors.Is(err, broken) || n == 0 || !slices.Equal(ids[:n], k.Encode(text)[:n]) {
		t.Errorf("%v behind %d ids", err, n)
	}
	if _, again := s.ReadIDs(ids); !errors.Is(again, broken) {
		t.Errorf("%v when asked again", again)
	}
	if _, err := k.NewStream(stuck{}, true).ReadIDs(ids); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that does nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// TestFormBehindBytes: a byte that is not UTF-8 does not keep what follows from its form.
func TestFormBehindBytes(t *testing.T) {
	for _, before := range []string{"\xF1", "\xE2\x82", "\xFF", "\x80"} {
		if got, want := formNFD.text(before+"ý"), before+"y\u0301"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestFormsKeepApart goes through all characters: behind an ASCII character only what composes with
// letters and some signs composes, and never behind white space. What is ASCII composes with
// nothing in front of it.
func TestFormsKeepApart(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for name, f := range map[string]normalForm{"NFC": formNFC, "NFD": formNFD, "NFKC": formNFKC, "NFKD": formNFKD} {
			alone := f.text(string(r))
			if r < 0x300 && alone == string(r) {
				continue
			}
			for _, x := range " \n" {
				if got := f.text(string(x) + string(r)); got != string(x)+alone {
					t.Fatalf("%s of %q and %U is %q", name, x, r, got)
				}
			}
			for _, y := range " \na.'" {
				if got := f.text(string(r) + string(y)); got != alone+string(y) {
					t.Fatalf("%s of %U and %q is %q", name, r, y, got)
				}
			}
		}
	}
}

// FuzzStream: any bytes have the ids of the whole, cut anywhere.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{"", "a a", "the cat 's.\n\n a", "  <s>  a<r> \n<l>", "e\u0301 \u0958\n.\n/a", strings.Repeat("a1 ", 30), "\xFF \xE2\x82\xAC\xE2"} {
		f.Add([]byte(seed), uint8(7))
	}
	all := streamed(f)
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		for name, k := range all {
			for _, special := range []bool{false, true} {
				s := k.NewStream(bytes.NewReader(text), special)
				s.step = 1 + int(step)
				if got, want := readAllIDs(t, s), k.encode(string(text), special); !slices.Equal(got, want) {
					t.Fatalf("%s, %d bytes at a time: %q has the ids %v, want %v", name, s.step, text, got, want)
				}
			}
		}
	})
}

func ExampleTokenizer_NewStream() {
	gpt2, err := GPT2()
	if err != nil {
		fmt.Println(err)
		return
	}
	s := gpt2.NewStream(strings.NewReader("Are cats good?"), true)
	ids := make([]int64, 3)
	for {
		n, err := s.ReadIDs(ids)
		if err != nil {
			break // io.EOF
		}
		fmt.Println(ids[:n])
	}
	// Output:
	// [8491 11875 922]
	// [30]
}
