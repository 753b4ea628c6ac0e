package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A File is a written plan, before a model is known. It comes from the flags of a command, or from
// YAML as docs/interventions.md describes it.
type File struct {
	Prompt    Entry
	IDs       []Entry
	Targets   []Entry // words; or only "next", for the text's own next tokens
	TargetIDs []Entry
	Metrics   []Entry // such as "logprob" and `diff:" a"," b"`
	At        []Entry // sites, "attn:h5" for one head
	Blocks    Entry   // such as "0..11"; all where empty
	Positions Entry   // see hooks.ParsePositions; all where empty
	Window    Entry   // the number of blocks changed at once, centred on each of Blocks; 1 where empty
	From      []Entry // where patches take their states, each a change: see intervene.ParseOrigin
	Changes   []Entry // see intervene.ParseChange
	Always    []Entry // "POINT CHANGE", in every run
}

// An Entry is a text and where it was written.
type Entry struct {
	Text  string
	Where string // "plan.yaml, line 3" or "--scale"
}

// An EntryError says what is wrong with an entry.
type EntryError struct {
	Entry Entry
	Err   error
}

func (e *EntryError) Error() string { return e.Entry.Where + ": " + e.Err.Error() }

// Unwrap returns the error without its place.
func (e *EntryError) Unwrap() error { return e.Err }

// Wrong returns an error about an entry, or nil for nil.
func (e Entry) Wrong(err error) error {
	if err == nil {
		return nil
	}
	return &EntryError{e, err}
}

// fields are the names of a plan's keys, and whether each takes a list.
var fields = []struct {
	name string
	list bool
	to   func(*File) any
}{
	{"prompt", false, func(f *File) any { return &f.Prompt }},
	{"ids", true, func(f *File) any { return &f.IDs }},
	{"targets", true, func(f *File) any { return &f.Targets }},
	{"target_ids", true, func(f *File) any { return &f.TargetIDs }},
	{"metrics", true, func(f *File) any { return &f.Metrics }},
	{"at", true, func(f *File) any { return &f.At }},
	{"blocks", false, func(f *File) any { return &f.Blocks }},
	{"positions", false, func(f *File) any { return &f.Positions }},
	{"window", false, func(f *File) any { return &f.Window }},
	{"from", true, func(f *File) any { return &f.From }},
	{"changes", true, func(f *File) any { return &f.Changes }},
	{"always", true, func(f *File) any { return &f.Always }},
}

// mostYAML limits the size of a plan, so that another file does not fill the memory.
const mostYAML = 1 << 20

// ReadFile reads a plan in YAML. name is the file's name for errors, which are EntryErrors with a
// line.
func ReadFile(r io.Reader, name string) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, mostYAML+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	fail := func(line int, format string, a ...any) error {
		return &EntryError{Entry{Where: fmt.Sprintf("%s, line %d", name, line)}, fmt.Errorf(format, a...)}
	}
	if len(b) > mostYAML {
		return nil, fail(1, "a plan is a small file, and this one has more than %d bytes", mostYAML)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	var doc yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, fail(1, "the plan is empty")
	} else if err != nil {
		return nil, yamlError(err, fail)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fail(doc.Line, "the file holds more than one document, and a plan is one")
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fail(top.Line, "a plan is made of keys with values, such as prompt: and changes:")
	}
	f := &File{}
	seen := map[string]bool{}
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		n := slices.IndexFunc(fields, func(f struct {
			name string
			list bool
			to   func(*File) any
		}) bool {
			return f.name == key.Value
		})
		switch {
		case n < 0:
			return nil, fail(key.Line, "there is no key %q; there are %s", key.Value, fieldNames())
		case seen[key.Value]:
			return nil, fail(key.Line, "the key %s is there twice", key.Value)
		}
		seen[key.Value] = true
		list, err := entries(value, name, fail)
		if err != nil {
			return nil, err
		}
		switch to := fields[n].to(f).(type) {
		case *Entry:
			if len(list) != 1 {
				return nil, fail(value.Line, "%s has one value, and here are %d", key.Value, len(list))
			}
			*to = list[0]
		case *[]Entry:
			if len(list) == 0 {
				return nil, fail(value.Line, "%s is empty", key.Value)
			}
			*to = list
		}
	}
	return f, nil
}

// entries returns a scalar, or a list of scalars.
func entries(n *yaml.Node, name string, fail func(int, string, ...any) error) ([]Entry, error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []Entry
	for _, item := range items {
		switch {
		case item.Kind == yaml.AliasNode || item.Anchor != "":
			return nil, fail(item.Line, "anchors and aliases have no place in a plan: write the value out")
		case item.Kind != yaml.ScalarNode:
			return nil, fail(item.Line, "a text or a number is needed here, or a plain list of them")
		case item.Tag == "!!null" && item.Value != "":
			return nil, fail(item.Line, "%s is YAML's word for no value: write %q, in quotes, for the word", item.Value, item.Value)
		case item.Tag == "!!null":
			return nil, fail(item.Line, "a value is missing")
		}
		out = append(out, Entry{item.Value, fmt.Sprintf("%s, line %d", name, item.Line)})
	}
	return out, nil
}

// yamlError takes the line number out of the library's message.
func yamlError(err error, fail func(int, string, ...any) error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, what, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			line, text = n, what
		}
	}
	return fail(line, "no valid YAML: %s", text)
}

func fieldNames() string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
