package report

import (
	"encoding/hex"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
)

// TokensTable returns the tokens of a text, a line each: position, id, the text
// made visible, and its bytes in hexadecimal.
func TokensTable(tokens []lens.Token) *figure.Table {
	t := &figure.Table{Columns: []figure.TableColumn{
		{Head: "position", Right: true}, {Head: "id", Right: true}, {Head: "piece"}, {Head: "bytes"},
	}}
	for i, tok := range tokens {
		t.Rows = append(t.Rows, []string{
			strconv.Itoa(i), strconv.FormatInt(tok.ID, 10), visible.Text(tok.Bytes), spaced(tok.Bytes),
		})
	}
	return t
}

// spaced returns bytes as pairs of hexadecimal digits with spaces between.
func spaced(b []byte) string {
	out := make([]byte, 0, 3*len(b))
	for i := range b {
		if i > 0 {
			out = append(out, ' ')
		}
		out = hex.AppendEncode(out, b[i:i+1])
	}
	return string(out)
}
