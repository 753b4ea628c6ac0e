package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// notes are what the user is told beside the results, on standard error: warnings,
// and on a terminal how far a long work is.
type notes struct {
	w     io.Writer
	live  bool // a person looks on
	shown bool // a line of progress stands there
}

func newNotes(w io.Writer, quiet bool) *notes {
	f, ok := w.(*os.File)
	return &notes{w: w, live: ok && !quiet && term.IsTerminal(int(f.Fd()))}
}

// warn writes a warning; about says of which prompt, "" where there is only one.
func (n *notes) warn(about, text string) {
	n.clear()
	if about != "" {
		text = about + ": " + text
	}
	fmt.Fprintln(n.w, "golens: warning:", text)
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
