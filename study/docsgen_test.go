package study_test

import (
	"bytes"
	"fmt"
	"io"

	"github.com/golens/golens/study"
)

// writeDocs writes docs/studies.md, the description of all studies and their files. A test fails
// if the committed page is stale, and rewrites it with -update.
func writeDocs(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(docsHead)
	for _, s := range study.Studies {
		fmt.Fprintf(&b, "## `%s`\n\n%s. %s\n\nPublished: %s.\n\n", s.Name, s.Title, s.About, s.Published)
		if len(s.Differs) == 0 {
			b.WriteString("`published` and `fixed` give the same numbers.\n\n")
		} else {
			b.WriteString("Where the variants differ:\n\n")
			for _, d := range s.Differs {
				fmt.Fprintf(&b, "- %s\n", d)
			}
			b.WriteString("\n")
		}
		b.WriteString("| figure | what it shows |\n| --- | --- |\n")
		for _, f := range s.Drawings {
			fmt.Fprintf(&b, "| %s | %s |\n", f.Letter, f.Shows)
		}
		b.WriteString("\n| array | type | shape | holds |\n| --- | --- | --- | --- |\n")
		for _, a := range s.Arrays {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", a.Name, a.DType, a.Shape, a.Meaning)
		}
		b.WriteString("\n")
	}
	b.Truncate(b.Len() - 1)
	_, err := w.Write(b.Bytes())
	return err
}

const docsHead = `<!-- Written from the tables in study/ by go test ./study -run TestDocs -update. -->
# The studies

` + "`golens study NAME`" + ` repeats a published notebook: what it prints, its figures and its numbers.
On GPT-2 the numbers are the notebook's own, to the last bit, on one machine
([exactness](exactness.md)). On any other model they are what the notebook would give there.

Each study writes to its folder (` + "`studies/NAME`" + `, or ` + "`--out`" + `):

- ` + "`NAME.npz`, `NAME.json`" + `: the arrays below, with ` + "`format`, `name`, `manifest`" + ` and, in JSON,
  ` + "`prompts` and `warnings`" + `. Names and dtypes are the same in both files. Floats are written so
  that they read back to the same float32.
- ` + "`NAME.txt`" + `: the printed text.
- ` + "`NAME-LETTER-….png`, `.svg`" + ` (` + "`--formats`, `--theme`, `--dpi`" + `): the figures.
- ` + "`NAME-lens.html`" + `: the lenses that were read, as an interactive page.
- ` + "`index.html`" + `: all of it on one static page.

Letters of shapes: T tokens, L blocks, V vocabulary. States are numbered as in Hugging Face's
` + "`hidden_states`" + `: 0 is the embedding, and i the output of block i-1. The last one, L, has the
final norm applied. A target word is read by its first token.

A test has compared every array bit by bit with a live PyTorch run of the notebook's
operations, in the notebook's shapes (` + "`scripts/reference/studies.py`, `go test ./study`" + `). It
used three checkpoints, both attention kinds, and one and two threads. Only the jitter that
separates dots is golens's own; it has a seed.

`
