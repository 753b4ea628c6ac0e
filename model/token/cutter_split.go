package token

import "fmt"

// A behavior is what Split does with the matches of its pattern.
type behavior int

const (
	isolated           behavior = iota // each is a word
	removed                            // each is left out
	mergedWithPrevious                 // each ends the word before it
	mergedWithNext                     // each begins the word after it
	contiguous                         // matches without anything between are one word
)

var behaviors = map[string]behavior{
	"Isolated": isolated, "Removed": removed, "MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext": mergedWithNext, "Contiguous": contiguous,
}

// splitCutter returns the cutter of a Split.
func splitCutter(p preTokenizer) (cutter, error) {
	b, ok := behaviors[p.Behavior]
	if !ok {
		return nil, fmt.Errorf("type Split: the behavior %q is not supported; golens reads Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous", p.Behavior)
	}
	pattern, err := readPattern(p.Pattern)
	if err != nil {
		return nil, fmt.Errorf("type Split: %w", err)
	}
	if p.Invert {
		return inverted(pattern, b), nil
	}
	return cutAt(pattern, b), nil
}

// cutAt returns the cutter at the matches of a pattern.
func cutAt(p *pattern, b behavior) cutter { return cutBy(p.each, b) }

// inverted returns the cutter at what is between the matches.
func inverted(p *pattern, b behavior) cutter {
	return cutBy(func(s string, yield func(string, bool)) {
		p.each(s, func(span string, match bool) { yield(span, !match) })
	}, b)
}

// cutBy returns the cutter at the matches that each finds.
func cutBy(each func(string, func(span string, match bool)), b behavior) cutter {
	if b == isolated {
		return func(s stretch, yield func(stretch)) {
			at := 0
			each(s.text, func(span string, _ bool) {
				yield(s.part(at, at+len(span)))
				at += len(span)
			})
		}
	}
	return func(s stretch, yield func(stretch)) {
		var spans []span
		at := 0
		each(s.text, func(text string, match bool) {
			spans = append(spans, span{at, at + len(text), match})
			at += len(text)
		})
		for _, w := range b.join(spans) {
			yield(s.part(w.start, w.end))
		}
	}
}

// A span is a match of a pattern, or what is between two.
type span struct {
	start, end int
	match      bool
}

// join returns the words of spans that cover a text.
func (b behavior) join(spans []span) []span {
	var out []span
	last := false // whether the span before, in the order they are gone through, is a match
	switch b {
	case removed:
		for _, s := range spans {
			if !s.match {
				out = append(out, s)
			}
		}
	case contiguous, mergedWithPrevious:
		for _, s := range spans {
			joins := b == contiguous && s.match == last || b == mergedWithPrevious && s.match && !last
			if joins && len(out) > 0 {
				out[len(out)-1].end = s.end
			} else {
				out = append(out, s)
			}
			last = s.match
		}
	case mergedWithNext: // from the right, so that of several matches in a row the last one merges
		for i := len(spans) - 1; i >= 0; i-- {
			s := spans[i]
			if s.match && !last && len(out) > 0 {
				out[len(out)-1].start = s.start
			} else {
				out = append(out, s)
			}
			last = s.match
		}
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	}
	return out
}
