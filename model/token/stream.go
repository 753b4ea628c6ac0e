package token

import (
	"errors"
	"io"
)

// A Stream gives the ids of a text while it is read. Only one goroutine can use it.
type Stream struct {
	t       *Tokenizer
	special bool
	source  io.Reader
	cuts    *cuts // nil where the text has to be read whole
	reason  string

	step   int    // bytes that are read at a time
	text   []byte // read, and not encoded yet
	ended  bool   // the source has no more
	begun  bool   // the text's beginning has been encoded
	ids    []int64
	given  int   // of ids
	passed int64 // bytes that were encoded
	last   int64 // of these those of ids
	err    error
}

// streamBytes is how much text is read at a time.
const streamBytes = 1 << 16

// NewStream returns the ids of the text that r reads. They are those that EncodeSpecial returns
// for the whole text or, if special is false, Encode.
//
// Memory holds some ten thousand tokens. Where a text has no place to cut, such as in a word of a
// megabyte, memory holds the text up to the next place. Whole says whether a tokenizer has no such
// places.
func (t *Tokenizer) NewStream(r io.Reader, special bool) *Stream {
	s := &Stream{t: t, special: special, source: r, step: streamBytes}
	s.cuts, s.reason = t.cuts()
	return s
}

// Whole says why the text is read as a whole before its first id is given. It returns "" if the
// text is read bit by bit.
func (s *Stream) Whole() string { return s.reason }

// Bytes returns approximately how many bytes of the text the given ids stand for. At the end it
// returns the size of the text.
func (s *Stream) Bytes() int64 {
	if s.given == len(s.ids) {
		return s.passed
	}
	return s.passed - s.last*int64(len(s.ids)-s.given)/int64(len(s.ids))
}

// ReadIDs fills ids and returns how many it wrote: all of them, except at the end of the text. It
// returns io.EOF when no ids are left. An error of the reader comes after the ids of the text that
// could be cut before it.
func (s *Stream) ReadIDs(ids []int64) (n int, err error) {
	for n < len(ids) {
		if s.given < len(s.ids) {
			k := copy(ids[n:], s.ids[s.given:])
			n, s.given = n+k, s.given+k
			continue
		}
		switch {
		case s.err != nil && n > 0:
			return n, nil
		case s.err != nil:
			return 0, s.err
		}
		s.more()
	}
	return n, nil
}

// more reads text until some of it can be encoded, and does that.
func (s *Stream) more() {
	s.ids, s.given = s.ids[:0], 0
	for want := s.step; ; want *= 2 { // so that text without a cut is not searched too often
		s.read(want)
		if s.err != nil {
			return
		}
		at := 0
		if s.ended {
			at = len(s.text)
		} else if s.cuts != nil {
			at = s.cuts.last(string(s.text))
		}
		if at > 0 {
			s.encode(at)
		}
		if s.ended {
			s.err = io.EOF
			return
		}
		if len(s.ids) > 0 {
			return
		}
	}
}

// read fills the text up to n bytes, or to the end of the source.
func (s *Stream) read(n int) {
	for idle := 0; len(s.text) < n && !s.ended; {
		if cap(s.text) < n {
			s.text = append(make([]byte, 0, n), s.text...)
		}
		k, err := s.source.Read(s.text[len(s.text):n])
		s.text = s.text[:len(s.text)+k]
		if idle++; k > 0 {
			idle = 0
		}
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
		case err != nil:
			s.err = err
			return
		case idle > 100:
			s.err = io.ErrNoProgress
			return
		}
	}
}

// encode turns the first bytes of the text into ids.
func (s *Stream) encode(n int) {
	var goesOn normalizer
	if s.begun {
		goesOn = s.cuts.goesOn
	}
	text := string(s.text[:n])
	if cap(s.text) > 4*s.step { // a long stretch without a cut should not stay
		s.text = append([]byte(nil), s.text[n:]...)
	} else {
		s.text = append(s.text[:0], s.text[n:]...)
	}
	s.ids = s.t.pipeline.runPart(s.t.vocabulary, s.ids, text, s.special, goesOn)
	s.begun = true
	s.passed, s.last = s.passed+int64(n), int64(n)
}
