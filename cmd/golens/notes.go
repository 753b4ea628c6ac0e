package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/term"
)

// notes are what the user is told beside the results, on standard error: warnings,
// and on a terminal how far a long work is.
type notes struct {
	w     io.Writer
	live  bool // a person looks on
	shown bool // a line of progress stands there

	texts []string            // warnings about some of several prompts, which end says
	where map[string][]string // and the prompts that each is about
}

func newNotes(w io.Writer, quiet bool) *notes {
	f, ok := w.(*os.File)
	return &notes{w: w, live: ok && !quiet && term.IsTerminal(int(f.Fd()))}
}

// warn writes a warning. about says of which prompt, "" where there is only one: a warning
// about one of several is kept for end, since others may have the same.
func (n *notes) warn(about, text string) {
	if about == "" {
		n.clear()
		fmt.Fprintln(n.w, "golens: warning:", text)
		return
	}
	if n.where == nil {
		n.where = map[string][]string{}
	}
	if n.where[text] == nil {
		n.texts = append(n.texts, text)
	}
	if !slices.Contains(n.where[text], about) {
		n.where[text] = append(n.where[text], about)
	}
}

// end says each warning about some of several prompts once, with the first prompt and the
// number of others.
func (n *notes) end() {
	n.clear()
	for _, text := range n.texts {
		about := n.where[text][0]
		if more := len(n.where[text]) - 1; more > 0 {
			about = fmt.Sprintf("%s, and %d more", about, more)
		}
		fmt.Fprintf(n.w, "golens: warning: %s: %s\n", about, text)
	}
	n.texts, n.where = nil, nil
}

// progress says that the work on a prompt begins.
func (n *notes) progress(i, of int) { n.say(fmt.Sprintf("prompt %d of %d", i+1, of)) }

// say says what is being done, in the place of what was said before.
func (n *notes) say(text string) {
	if !n.live {
		return
	}
	n.clear()
	fmt.Fprint(n.w, text)
	n.shown = true
}

// clear takes the line of progress away.
func (n *notes) clear() {
	if n.shown {
		fmt.Fprint(n.w, "\r\x1b[K")
		n.shown = false
	}
}
