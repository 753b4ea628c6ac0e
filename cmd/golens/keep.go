package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// checkpointExt is what a journal's name has behind that of the first file of results.
const checkpointExt = ".checkpoint"

func resumeFlag(of string) cli.Flag {
	return &cli.BoolFlag{Name: "resume", Category: "Output", Usage: "continue with " + of + " after Ctrl-C, a kill or a power failure: repeat the command with this flag. Finished parts are kept in FILE" + checkpointExt + ", next to the first result file, until the end"}
}

// checkpointPath returns where a command that writes these files keeps its checkpoint, ""
// where it has none: beside the first regular file, or where an earlier run left one.
func checkpointPath(files []*file) string {
	first := ""
	for _, f := range files {
		if info, err := os.Stat(f.path); f.path == "-" || err == nil && !info.Mode().IsRegular() {
			continue
		}
		path := f.path + checkpointExt
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if first == "" {
			first = path
		}
	}
	return first
}

// checkResume refuses --resume where there is nothing that could be gone on with.
func checkResume(c *cli.Context, files []*file) error {
	if c.Bool("resume") && checkpointPath(files) == "" {
		return usage(c, "--resume needs the file of what was done: add --json FILE, or another file of results")
	}
	return nil
}

// openCheckpoint opens the checkpoint of a command, nil where it has none. With --resume,
// each gets the records of the run before.
func openCheckpoint(c *cli.Context, files []*file, key checkpoint.Key, n *notes, each func([]byte) error) (*checkpoint.Journal, error) {
	path := checkpointPath(files)
	if path == "" {
		return nil, nil
	}
	if !c.Bool("resume") {
		each = nil
	}
	j, dropped, err := checkpoint.Open(path, key, each)
	if dropped {
		n.warn("", path+" held part of an unfinished run; this run starts again, and --resume would have continued that one")
	}
	if err != nil && c.Bool("resume") {
		err = fmt.Errorf("--resume: %w", err)
	}
	return j, err
}

// readingKey says what a command reads: the model, the flags and the inputs, by name.
// inputs is a digest of the prompts.
func readingKey(c *cli.Context, m *model.Model, inputs string) (checkpoint.Key, error) {
	made, err := lens.ManifestOf(m)
	if err != nil {
		return nil, err
	}
	weights, err := m.KnownDigest()
	if err != nil {
		return nil, err
	}
	key := append(checkpoint.Key(made.Key()), checkpoint.Key{{"the weights", weights}, {"the prompts", inputs}}...)
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if value, ok := flagValue(c, f); ok {
			key = append(key, checkpoint.Key{{"--" + name, value}}...)
		}
	}
	return key, nil
}

// keepReadings returns what opens the checkpoint of readings of several prompts, nil for one.
func keepReadings(c *cli.Context, m *model.Model, o *lensOutputs, readings []reading) func(each func([]byte) error) (*checkpoint.Journal, error) {
	if !o.many {
		return nil
	}
	return func(each func([]byte) error) (*checkpoint.Journal, error) {
		if checkpointPath(o.files) == "" {
			return nil, nil
		}
		key, err := readingKey(c, m, digestOfReadings(readings))
		if err != nil {
			return nil, err
		}
		return openCheckpoint(c, o.files, key, o.notes, each)
	}
}

// digestOfReadings returns a digest of prompts and their tokens.
func digestOfReadings(readings []reading) string {
	var values []any
	for _, r := range readings {
		values = append(values, r.prompt.Name, r.prompt.Text, r.ids)
	}
	return digestOf(values...)
}

// flagValue returns what a flag says of the numbers; false where it says how they are shown.
func flagValue(c *cli.Context, f cli.Flag) (string, bool) {
	name := f.Names()[0]
	category := ""
	if in, ok := f.(cli.CategorizableFlag); ok {
		category = in.GetCategory()
	}
	switch {
	case slices.Contains([]string{"model", "device", "threads", "prompts", "ids", "file"}, name): // the model and the prompts tell
		return "", false
	case name == "html": // it has tokens followed
		return fmt.Sprint(c.IsSet(name)), true
	case slices.Contains([]string{"hidden", "logits", "json-format", "view"}, name):
	case category == "Output", category == "Figure", category == "Terminal", !c.IsSet(name):
		return "", false
	}
	if _, ok := f.(*cli.StringSliceFlag); !ok {
		return fmt.Sprint(c.Value(name)), true
	}
	values := c.StringSlice(name)
	text := fmt.Sprintf("%q", values)
	for _, v := range values { // the contents of files that interventions name
		_, path, _ := strings.Cut(v, "=")
		path, _, _ = strings.Cut(path, "*")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			text += " " + digestOfFile(path)
		}
	}
	return text, true
}

// digestOfFile returns the SHA-256 of a file, or why there is none.
func digestOfFile(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err.Error()
	}
	return hex.EncodeToString(h.Sum(nil))
}

// digestOf returns a SHA-256 of values.
func digestOf(values ...any) string {
	h := sha256.New()
	for _, v := range values {
		fmt.Fprintf(h, "%#v\n", v)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// endCheckpoint removes the checkpoint of a work that is done, and leaves that of another.
func endCheckpoint(j *checkpoint.Journal, done bool) error {
	if done {
		return j.Remove()
	}
	return j.Close()
}
