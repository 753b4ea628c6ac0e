package hooks

import (
	"fmt"
	"strconv"
	"strings"
)

// Heads describes where the attention heads are in the tensor of a module.
type Heads struct {
	Module string // whose tensor holds the heads
	Input  bool   // it is the module's input, not its output
	N, Dim int    // the number of heads, and the width of each
	First  int    // the first column of head 0
	Step   int    // columns from the beginning of one head to that of the next
}

// The marks of heads, as AddHeads takes them.
const (
	HeadOut   = "h" // the head's part of the input of the output projection
	HeadQuery = "q" // the head's query, as its projection returns it
	HeadKey   = "k" // the head's key
	HeadValue = "v" // the head's value
)

// AddHeads registers the heads of an attention under a mark. Points then have names of mark and
// number, such as "layers.3.self_attn:k1". The number counts the heads of the tensor: where heads
// share keys, k1 is the second of the few keys.
//
// The mark alone, "layers.3.self_attn:k", means all heads, if they are adjacent in the tensor. "z"
// is another name of "h". "z" alone means all heads, while "h" needs a number.
func (p *Points) AddHeads(attention, mark string, h Heads) {
	p.prepare()
	p.heads[attention+":"+mark] = h
}

// NameHeads also names the heads at the module that makes their tensor, by the mark h:
// "layers.3.self_attn.k_proj:h1" is "layers.3.self_attn:k1".
func (p *Points) NameHeads(module, attention, mark string) {
	p.prepare()
	p.ofHeads[module] = attention + ":" + mark
}

// Heads returns the number of heads that an attention has under a mark, or 0.
func (p *Points) Heads(attention, mark string) int {
	s, err := p.resolve(attention)
	if err != nil {
		return 0
	}
	return p.heads[s.canonical+":"+mark].N
}

// Dim returns the width of the head at a point, or 0 if the point is no head.
func (p *Points) Dim(name string) int {
	s, err := p.resolve(name)
	if err != nil || s.columns == nil {
		return 0
	}
	return int(s.columns[1])
}

// head returns what a mark such as ":h5", or ":h" for all, means at heads that are known
// as whole, "h.3.attn:q".
func (p *Points) head(name, whole, mark string) (spot, error) {
	attention, letter, _ := strings.Cut(whole, ":")
	if letter == "z" {
		letter = HeadOut
	}
	h, ok := p.heads[attention+":"+letter]
	if !ok {
		return spot{}, &HeadError{Name: name, Known: p.headExample()}
	}
	number := mark[min(2, len(mark)):]
	if number == "" && mark != ":h" { // which lacks its number
		return p.allHeads(name, attention, letter, h)
	}
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= h.N || strconv.Itoa(i) != number {
		return spot{}, &HeadError{Name: name, Heads: h.N, Mark: letter}
	}
	return spot{canonical: fmt.Sprintf("%s:%s%d", attention, letter, i), module: h.Module, input: h.Input, columns: []int64{int64(h.First + i*h.Step), int64(h.Dim)}}, nil
}

// allHeads returns the point of all heads together.
func (p *Points) allHeads(name, attention, letter string, h Heads) (spot, error) {
	switch {
	case h.Input:
		return spot{canonical: h.Module + inputMark, module: h.Module, input: true}, nil
	case h.Step != h.Dim:
		return spot{}, &HeadError{Name: name, Heads: h.N, Mark: letter, Apart: true}
	case p.ofHeads[h.Module] != "":
		return spot{canonical: h.Module, module: h.Module}, nil // they are all that it returns
	}
	return spot{canonical: attention + ":" + letter, module: h.Module, columns: []int64{int64(h.First), int64(h.N * h.Dim)}}, nil
}

// headExample is a point of heads that the model has, "" for none.
func (p *Points) headExample() string {
	for _, n := range p.names {
		if _, ok := p.heads[n+":"+HeadOut]; ok {
			return n
		}
	}
	return ""
}

// A HeadError says that a point does not have the head that was asked for.
type HeadError struct {
	Name  string
	Heads int    // the number of heads, 0 where the point has none
	Mark  string // the letter with which they are written
	Apart bool   // all heads were asked for, and they are not adjacent in the tensor
	Known string // an attention with heads, "" where the model names none
}

func (e *HeadError) Error() string {
	switch {
	case e.Apart:
		return fmt.Sprintf("the heads of %q do not lie side by side in this model: name them by number, :%s0 to :%s%d", e.Name, e.Mark, e.Mark, e.Heads-1)
	case e.Heads > 0:
		return fmt.Sprintf("there is no head %q: the attention has %d, written :%s0 to :%s%d", e.Name, e.Heads, e.Mark, e.Mark, e.Heads-1)
	case e.Known == "":
		return fmt.Sprintf("there are no heads at %q: this model does not tell of its heads", e.Name)
	}
	return fmt.Sprintf("there are no heads at %q: they are at a block's attention, %s:h0, with q0, k0 and v0 for the query, key and value", e.Name, e.Known)
}
