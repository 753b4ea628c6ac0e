package token

import "strings"

// Text returns the text of ids as Python's tokenizer.decode does. It is valid UTF-8: what Decode
// returns, with U+FFFD for bytes that are not. Where bytes have pieces of their own (byte
// fallback), each byte in a run that is not valid as a whole is a U+FFFD. Otherwise one U+FFFD
// stands for as many bytes as could begin a character. An id outside the vocabulary is an error
// that names it and its place.
func (t *Tokenizer) Text(ids []int64) (string, error) {
	if err := t.checkAll(ids); err != nil {
		return "", err
	}
	v := t.vocabulary
	if !t.pipeline.decoder.fallback {
		text, _ := t.pipeline.decode(v, ids)
		return replaceInvalid(string(text)), nil
	}
	entries, err := t.Describe(ids)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for i := 0; i < len(ids); {
		from := i
		for i < len(ids) && v.isByte[ids[i]] {
			i++
		}
		if from < i {
			var run []byte
			for _, e := range entries[from:i] {
				run = append(run, e.Bytes...)
			}
			if text := string(run); replaceInvalid(text) == text {
				out.WriteString(text)
			} else {
				out.WriteString(strings.Repeat("\uFFFD", i-from))
			}
			continue
		}
		out.Write(entries[i].Bytes)
		i++
	}
	return out.String(), nil
}

// replaceInvalid puts a U+FFFD for each longest stretch that could begin a character and does not,
// and for each byte that could not. Rust and Python do so.
func replaceInvalid(s string) string {
	var out strings.Builder
	from := 0
	for i, r := range s {
		if i < from || r != '\uFFFD' || strings.HasPrefix(s[i:], "\uFFFD") {
			continue
		}
		out.WriteString(s[from:i])
		out.WriteString("\uFFFD")
		from = i + beginning(s[i:])
	}
	return out.String() + s[from:]
}

// beginning returns how many bytes at the start of s, which are not a character,
// could be the beginning of one; 1 if none.
func beginning(s string) int {
	low, high, length := byte(0x80), byte(0xBF), 0 // what the second byte must be, and how many there are
	switch b := s[0]; {
	case b >= 0xC2 && b <= 0xDF:
		length = 2
	case b >= 0xE0 && b <= 0xEF:
		length = 3
	case b >= 0xF0 && b <= 0xF4:
		length = 4
	}
	switch s[0] {
	case 0xE0:
		low = 0xA0
	case 0xED:
		high = 0x9F
	case 0xF0:
		low = 0x90
	case 0xF4:
		high = 0x8F
	}
	n := 1
	for ; n < length && n < len(s) && s[n] >= low && s[n] <= high; n++ {
		low, high = 0x80, 0xBF
	}
	return n
}
