package token

import "strings"

// A pipeline is what is done to a text around the merging of its words.
type pipeline struct {
	raw           *finder // the added tokens that are searched in the text as it is
	normalize     normalizer
	normalized    *finder // and those that are searched in the normalised text
	cut           cutter
	decoder       *decoder
	before, after []int32 // what EncodeTemplate puts around a text
	bos, eos      int32   // what begins and what ends a text, or -1
}

// plainPipeline returns the pipeline of GPT-2, whose special tokens have the given
// contents.
func plainPipeline(special []addedToken) *pipeline {
	p := &pipeline{
		normalize: func(s string) string { return s }, normalized: newFinder(nil, nil),
		cut: byteLevelCutter(false, true), decoder: &decoder{byteLevel: true}, bos: -1, eos: -1,
	}
	contents := make([]string, len(special))
	for i, t := range special {
		contents[i] = t.Content
		if t.Content == endOfText {
			p.bos, p.eos = t.ID, t.ID
		}
	}
	p.raw = newFinder(special, contents)
	return p
}

// run appends the ids of a text. Special tokens are text unless special is set.
func (p *pipeline) run(v *vocabulary, ids []int64, text string, special bool) []int64 {
	return p.runPart(v, ids, text, special, nil)
}

// runPart appends the ids of a part of a text. What is done to a text's beginning is not
// done to the part's where goesOn is set, which then normalises what comes first.
func (p *pipeline) runPart(v *vocabulary, ids []int64, text string, special bool, goesOn normalizer) []int64 {
	var m merger
	add := func(id int32) { ids = append(ids, int64(id)) }
	word := func(s stretch) {
		for _, id := range m.split(v, s.text) {
			ids = append(ids, int64(id))
		}
	}
	p.raw.cut(text, special, add, func(start, end int) {
		first, normalize := start == 0, p.normalize
		if first && goesOn != nil {
			first, normalize = false, goesOn
		}
		text := normalize(text[start:end])
		p.normalized.cut(text, special, add, func(start, end int) {
			if start < end {
				p.cut(stretch{text: text[start:end], first: first && start == 0}, word)
			}
		})
	})
	return ids
}

// decode returns the bytes of pieces, and where those of each end.
func (p *pipeline) decode(v *vocabulary, ids []int64) (text []byte, ends []int) {
	d := p.decoder
	text, ends = make([]byte, 0, 4*len(ids)), make([]int, len(ids))
	for i, id := range ids {
		switch {
		case i == 0 && d.mark != "":
			text = append(text, strings.ReplaceAll(v.display(int32(id)), d.mark, "")...)
		case i > 0:
			text = append(text, d.join...)
			fallthrough
		default:
			text = append(text, v.piece(int32(id))...)
		}
		ends[i] = len(text)
	}
	if gone := d.leading(string(text[:min(len(text), d.most*len(d.strip))])); d.fused && gone > 0 {
		text = text[gone:]
		for i := range ends {
			ends[i] = max(0, ends[i]-gone)
		}
	}
	return text, ends
}
