package data

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/golens/golens/lens"
)

// WriteFormats writes docs/formats.md, the description of all files, from the
// tables Fields, Members, Dims and Columns. The package's test says when the
// committed page is stale and rewrites it with -update.
func WriteFormats(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(formatsHead)

	b.WriteString("## Arrays\n\nRow-major, little-endian in NPZ. The letters of a shape:\n\n")
	for _, d := range Dims {
		fmt.Fprintf(&b, "- `%s` %s\n", d.Letter, d.Meaning)
	}
	b.WriteString("\n| name | type | shape | unit | holds | present |\n| --- | --- | --- | --- | --- | --- |\n")
	fields := slices.Clone(Fields)
	for _, s := range lens.Stats() {
		fields = append(fields, StatField(s))
	}
	for _, f := range fields {
		when := "always"
		if f.When != "" {
			when = "when " + f.When
		}
		shape := "`[" + f.Shape + "]`"
		if f.Next != "" {
			shape += ", `[" + f.Next + "]` for next tokens"
		}
		if f.Large {
			when += "; in JSON on request"
		}
		row(&b, "`"+f.Name+"`", string(f.DType), shape, f.Unit, f.Meaning, when)
	}
	b.WriteString(formatsTargets)

	b.WriteString("## Other members\n\n| name | type in JSON | holds | in NPZ |\n| --- | --- | --- | --- |\n")
	for _, t := range Members {
		npz := "no"
		if t.NPZ {
			npz = "text"
		}
		row(&b, "`"+t.Name+"`", t.Type, t.Meaning, npz)
	}
	b.WriteString(formatsJSON)

	b.WriteString(formatsCSV)
	b.WriteString("| column | holds |\n| --- | --- |\n")
	columns := slices.Clone(Columns)
	for _, s := range lens.Stats() {
		columns = append(columns, Column{Name: s.Name, Meaning: "with `--stat`: " + s.Doc})
	}
	for _, c := range columns {
		row(&b, "`"+c.Name+"`", c.Meaning)
	}
	b.WriteString(formatsText)
	b.WriteString("| name | type | shape | holds |\n| --- | --- | --- | --- |\n")
	means := slices.Clone(TextArrays)
	for _, s := range lens.Stats() {
		means = append(means, ArrayDoc{"mean_" + s.Name, "float64", "[R]", "mean of a statistic that was asked for: " + s.Doc})
	}
	for _, a := range means {
		row(&b, "`"+a.Name+"`", a.DType, "`"+a.Shape+"`", a.Meaning)
	}
	fmt.Fprintf(&b, "\nCSV has a line for each row: `%s`.\n", strings.Join(TextColumns(), "`, `"))
	b.WriteString(formatsOthers)
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: write the formats: %w", err)
	}
	return nil
}

// row writes one line of a Markdown table.
func row(b *bytes.Buffer, cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", "\\|")
	}
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

const formatsHead = `<!-- Written from the tables in report/data by go test ./report/data -run TestFormats -update. -->
# Formats

A lens result is written as NPZ, JSON or CSV. NPZ and JSON hold the same arrays
under the same names; CSV is a line for every cell and candidate. Every file holds
the numbers as they were computed, without rounding.

`

const formatsTargets = `
Targets are either words, looked for at the positions ` + "`target_positions`" + `, or the
text's own next tokens, one a position, where ` + "`target_ids`" + ` is ` + "`[P]`" + ` and the last
column has no target. A word of several tokens is looked for by its first. A whole target
(--target-joint) is read in a run of its own, on the prompt and its tokens but the last.

Tokens are followed with --track: at each position all those that are among the
first so many of a cell there, in every row, in the ones where they are unlikely too.

Where the model wrote the text (golens generate), the tokens are those that it read,
in steps: the prompt's T0 positions in step 0, and one more in each later step, at
which the token that follows in ` + "`sequence`" + ` was chosen. So the columns T0-1 to the last
are those of the new tokens. Every step is projected in its own shape, [1,T0,C] or [1,1,C].

In NPZ each array is one ` + "`.npy`" + ` and a text is an array without axes:

` + "```python" + `
import json, numpy as np
z = np.load("lens.npz")
z["top_ids"][-1, -1]              # the model's likeliest next tokens
json.loads(str(z["manifest"]))    # what made them
` + "```" + `

A file of several results has the names of each behind its number: ` + "`0/ids`, `1/ids`" + `.
The same result always gives the same bytes. Members are not compressed, and each has
its size and its CRC-32 in front of it, so that a reader needs no seek and no directory
(Java's ZipInputStream, stream-unzip). Numbers come first and texts last: cnpy and
xtensor-io read all numbers, and end at the first text, whose type they do not know.

`

const formatsJSON = `
A token is an object with its ` + "`id`" + `, its ` + "`text`" + `, and ` + "`bytes`" + ` in base64 where the text is
not lossless, that is, where the token's bytes are not UTF-8 by themselves.

A float is the shortest decimal that reads back to the same float32, whether it is
parsed as float32 or, as Python and JavaScript do, as float64 first. NaN and the
infinities are the strings ` + "`\"NaN\"`, `\"Infinity\"` and `\"-Infinity\"`" + `, which JSON has no
numbers for: ` + "`float(x)`" + ` in Python, ` + "`Number(x)`" + ` in JavaScript and ` + "`strconv.ParseFloat`" + ` in Go
read numbers and these strings alike, and so does
` + "`np.array(d[\"top_probs\"], dtype=np.float32)`" + `.

JSON comes indented, with the last axis of an array on one line, or with one result
on one line (JSON lines).

`

const formatsCSV = `## CSV

One line of heads, then a line for every cell and candidate and for every cell and
target. A column that does not apply is empty; floats are written as in JSON,
without quotes. Token text is escaped so that it is one printable line and can be had
back: a backslash is ` + "`\\\\`" + `, and everything that is not printable or not UTF-8 is ` + "`\\n`, `\\r`, `\\t`, `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`" + `,
as in a string of Go.

`

const formatsText = `
## The means of a text

` + "`golens lens --file TEXT`" + ` ([texts](text.md)) writes NPZ and JSON of the format ` + "`" + TextFormat + "`" + `: arrays, and a
manifest whose member ` + "`text`" + ` has the text's ` + "`name`, `chunk` (T), `prefix`, `tokens`, `windows`, `targets`" + `,
` + "`target_bytes`, `layers`, and `whole`" + `, false where the reading was stopped. A float64 is the shortest
decimal that reads back to the same.

`

const formatsOthers = `
## What a kill costs

What a long work has done is kept beside its first file of results, in FILE.checkpoint:
each run of a sweep, the sums of a text (--file) every four seconds, each result of
--prompts, each token of a generation. A kill, a power failure or a lack of memory then
costs ten seconds at most, or the one run, batch, window, prompt or token that takes longer.
The same command with --resume goes on, and its files have the bytes of a run that was
never interrupted. The checkpoint goes when the work is done. Without --resume the work
begins anew. A checkpoint of another command, model, machine or text is refused, with the
names of what differs, and so is one that another process has. Results that go to standard
output or a pipe alone have none. golens hidden, and the lens of one prompt, have none
either: each is a single run of the model.

## The page

` + "`--html`" + ` writes one HTML file with a result, or several, and a program that shows them: the
grid coloured by any measure, each cell's candidates, curves of tokens, rows and
columns. It loads nothing, and its policy forbids the browser to. It has every array
but states and logits, as computed, and gives them out as CSV and JSON in these formats,
the view as SVG and PNG. Its address keeps the view, in the part behind ` + "`#`" + `:
` + "`by`, `target`, `last`, `size`, `scale`" + ` are its choices; ` + "`cell=ROW.POSITION`" + ` is in focus,
` + "`row`" + ` or ` + "`column`" + ` is plotted, and each ` + "`pin=ROW.POSITION.ID`" + ` is a curve. A token's curve is
whole where the token was followed (` + "`track_ids`" + `) or is a target there; else it has a point
in each row that keeps the token among its candidates.

## logitlenskit

` + "`--json-format logitlenskit`" + ` writes version 2 of that project's layout, for its viewer:
` + "`meta`, `layers`, `input`, `tracked`, `topk`" + `. Its layers are blocks: row 0 is left out, and row
i is layer i-1. Probabilities have five decimals. The layout is made for the normed lens
(` + "`--lens normed`" + `); ` + "`meta.lens` and `meta.at`" + ` say which it is. Tokens are known by their text
alone; where two have one text, a warning says so.
`
