package synthetic

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// NPY returns a .npy file's bytes with the given header fields and data.
func NPY(descr, order, shape string, data any) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }", descr, order, shape)
	head += strings.Repeat(" ", 63-(10+len(head))%64) + "\n"
	out := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	out, err := binary.Append(append(out, head...), binary.LittleEndian, data)
	if err != nil {
		panic(err)
	}
	return out
}
