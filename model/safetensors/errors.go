package safetensors

import (
	"fmt"
	"strconv"
	"strings"
)

// A FormatError says that a file breaks the format's rules, or that an index and its shards
// contradict each other.
type FormatError struct {
	Path    string // the file at fault
	Tensor  string // the tensor at fault, "" where it is the file as a whole
	Problem string // what is wrong
	Remedy  string // what to do, "" for the advice that fits most files
}

// Error returns one line: file, tensor, problem, remedy.
func (e *FormatError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "weights %s: ", e.Path)
	if e.Tensor != "" {
		fmt.Fprintf(&b, "tensor %s: ", quote(e.Tensor))
	}
	b.WriteString(e.Problem)
	b.WriteString("; ")
	if e.Remedy != "" {
		b.WriteString(e.Remedy)
	} else {
		b.WriteString("the file is damaged: fetch or write it again")
	}
	return b.String()
}

// quote quotes s for an error and cuts it where it is longer than a screen
// line: a header may hold a name of many megabytes.
func quote(s string) string {
	if len(s) > mostShown {
		return strconv.Quote(s[:mostShown]) + fmt.Sprintf("... (%d bytes)", len(s))
	}
	return strconv.Quote(s)
}

// clip cuts a long number in the same way.
func clip(number string) string {
	if len(number) > mostShown {
		return number[:mostShown] + fmt.Sprintf("... (%d digits)", len(number))
	}
	return number
}

// mostShown is the number of bytes of one name or number that an error shows.
const mostShown = 80

// shapeString prints a shape such as [50257,768], and cuts a long one.
func shapeString(shape []int64) string {
	const most = 12
	var b strings.Builder
	b.WriteByte('[')
	for i, dim := range shape {
		if i == most {
			fmt.Fprintf(&b, ",... (%d dimensions)", len(shape))
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(dim, 10))
	}
	b.WriteByte(']')
	return b.String()
}
