package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/version"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/hub/fetch"
)

// fetcher returns what brings a model that the cache lacks, and says on standard error
// how that goes on.
func fetcher(c *cli.Context) model.Fetch {
	return func(name string, part hub.Part) (string, error) {
		w := &fetching{w: c.App.ErrWriter, now: time.Now, quiet: os.Getenv("HF_HUB_DISABLE_PROGRESS_BARS") == "1"}
		_, w.terminal = terminalWidth(w.w)
		dir, err := fetch.Model(c.Context, name, part, fetch.Options{
			Agent: "golens/" + version.String() + "; go/" + runtime.Version(), Watcher: w, Check: model.Supported})
		w.end(err)
		return dir, err
	}
}

const (
	muchToFetch = 5e9 // bytes, from which on the disk's free space is said
	drawEvery   = 200 * time.Millisecond
	tellEvery   = 10 * time.Second // where the output is no terminal
	rateOver    = 8 * time.Second  // the rate is that of so long
)

// A fetching says how a fetch goes on: on a terminal in a line that changes, elsewhere in
// a line now and then.
type fetching struct {
	w        io.Writer
	now      func() time.Time
	terminal bool
	quiet    bool // no line of progress

	plan         fetch.Plan
	planned      bool
	began, drawn time.Time
	first, done  int64
	marks        []mark
	onLine       bool // the terminal's line has a text
}

// A mark is how much was there at a time.
type mark struct {
	at   time.Time
	done int64
}

func (f *fetching) Plan(p fetch.Plan) {
	f.plan, f.planned, f.began, f.drawn = p, true, f.now(), f.now()
	f.first, f.done, f.marks = p.There, p.There, nil
	files := fmt.Sprintf("%d files", p.Files)
	if p.Files == 1 {
		files = "1 file"
	}
	text := fmt.Sprintf("fetching %s at %.7s: %s in %s", p.Model, p.Commit, hub.Bytes(p.Bytes), files)
	if p.There > 0 {
		text += fmt.Sprintf(", of which %s are there", hub.Bytes(p.There))
	}
	if p.Bytes > muchToFetch && p.Free >= 0 {
		text += fmt.Sprintf("; %s of the disk are free", hub.Bytes(p.Free))
	}
	f.say(text)
}

func (f *fetching) Moved(file string, done int64) {
	if !f.planned {
		return // the small files before the weights
	}
	now := f.now()
	if len(f.marks) == 0 {
		f.first = min(done, f.plan.There) // what was there costs no time
	}
	f.done = done
	f.marks = append(f.marks, mark{now, done})
	for len(f.marks) > 2 && now.Sub(f.marks[1].at) > rateOver {
		f.marks = f.marks[1:]
	}
	every := tellEvery
	if f.terminal {
		every = drawEvery
	}
	if f.quiet || now.Sub(f.drawn) < every {
		return
	}
	f.drawn = now
	text := fmt.Sprintf("%s of %s", hub.Bytes(done), hub.Bytes(f.plan.Bytes))
	if f.plan.Bytes > 0 {
		text += fmt.Sprintf(", %d%%", done*100/f.plan.Bytes)
	}
	if rate := f.rate(); rate > 0 {
		text += fmt.Sprintf(", %s/s", hub.Bytes(int64(rate)))
		if left := float64(f.plan.Bytes-done) / rate; left >= 0 && left < 1e6 {
			text += fmt.Sprintf(", %v left", time.Duration(left+1)*time.Second)
		}
	}
	if f.terminal {
		fmt.Fprintf(f.w, "\r\x1b[K  %s", text)
		f.onLine = true
		return
	}
	f.say(text)
}

// rate returns the bytes a second of late, 0 where that cannot be told yet.
func (f *fetching) rate() float64 {
	first, last := f.marks[0], f.marks[len(f.marks)-1]
	if seconds := last.at.Sub(first.at).Seconds(); seconds > 0.3 {
		return float64(last.done-first.done) / seconds
	}
	return 0
}

func (f *fetching) Waiting(why string) { f.say(why) }

// say writes a line of its own.
func (f *fetching) say(text string) {
	f.clear()
	fmt.Fprintln(f.w, "golens:", text)
}

// clear takes away what the terminal's line has.
func (f *fetching) clear() {
	if f.onLine {
		fmt.Fprint(f.w, "\r\x1b[K")
		f.onLine = false
	}
}

// end says what has come.
func (f *fetching) end(err error) {
	f.clear()
	if !f.planned {
		return
	}
	switch {
	case err == nil:
		took := f.now().Sub(f.began)
		text := fmt.Sprintf("fetched into %s in %v", f.plan.Folder, took.Round(100*time.Millisecond))
		if seconds := took.Seconds(); seconds > 0.3 {
			text += fmt.Sprintf(" (%s/s)", hub.Bytes(int64(float64(f.plan.Bytes-f.first)/seconds)))
		}
		f.say(text)
	case errors.Is(err, context.Canceled):
		f.say(fmt.Sprintf("%s of %s are there; the same command goes on from there", hub.Bytes(f.done), hub.Bytes(f.plan.Bytes)))
	}
}
