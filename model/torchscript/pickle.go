package torchscript

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// checkPickle walks over the opcodes of a pickle and refuses those that PyTorch
// does not write, and numbers that would have its reader set aside far more memory
// than the pickle's own size accounts for.
func checkPickle(text string) error {
	b := []byte(text)
	for at := 0; at < len(b); {
		op := b[at]
		n, ok := opcodes[op]
		if !ok {
			return fmt.Errorf("at byte %d stands the opcode %#x, which PyTorch does not write", at, op)
		}
		rest := b[at+1:]
		switch n {
		case lines:
			n = 0
			for range 2 {
				end := bytes.IndexByte(rest[n:], '\n')
				if end < 0 {
					return fmt.Errorf("a name at byte %d does not end", at)
				}
				n += end + 1
			}
		case sized1, sized4:
			head := 1
			if n == sized4 {
				head = 4
			}
			if len(rest) < head {
				return fmt.Errorf("it ends within the opcode at byte %d", at)
			}
			size := int64(rest[0])
			if head == 4 {
				size = int64(int32(binary.LittleEndian.Uint32(rest)))
			}
			if size < 0 || size > int64(len(rest)-head) {
				return fmt.Errorf("a text at byte %d would have %d bytes, more than there are", at, size)
			}
			n = head + int(size)
		}
		if n > len(rest) {
			return fmt.Errorf("it ends within the opcode at byte %d", at)
		}
		// The reader keeps a table as long as the largest number that is put in it;
		// each entry costs a byte of the pickle, or more.
		if op == 'r' || op == 'j' {
			if i := binary.LittleEndian.Uint32(rest); int64(i) > int64(len(b)) {
				return fmt.Errorf("at byte %d it numbers an object %d, and it has room for %d", at, i, len(b))
			}
		}
		if op == '.' {
			return nil
		}
		at += 1 + n
	}
	return fmt.Errorf("it has no end")
}

// What follows an opcode: so many bytes, or a text.
const (
	lines  = -1 - iota // two lines
	sized1             // a length of one byte, then the text
	sized4             // a length of four bytes, then the text
)

// opcodes are those that PyTorch writes into TorchScript archives.
var opcodes = map[byte]int{
	0x80: 1,                                                                            // PROTO
	'(':  0, '.': 0, 'N': 0, 0x88: 0, 0x89: 0, 'Q': 0, 'R': 0, 'b': 0, 0x81: 0, '0': 0, // MARK STOP NONE TRUE FALSE BINPERSID REDUCE BUILD NEWOBJ POP
	']': 0, ')': 0, '}': 0, 't': 0, 0x85: 0, 0x86: 0, 0x87: 0, 'a': 0, 'e': 0, 's': 0, 'u': 0, 'd': 0, // lists, tuples, dictionaries
	'K': 1, 'M': 2, 'J': 4, 'G': 8, 0x8a: sized1, // numbers
	'X': sized4, 'U': sized1, 'T': sized4, 'c': lines, // texts and names
	'q': 1, 'r': 4, 'h': 1, 'j': 4, // the table
}
