package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// An Instruction is an opcode with what follows it in a pickle.
type Instruction struct {
	At  int64  // the bytes in front of it
	Op  byte   // the opcode
	Arg []byte // the number or text that follows, or "MODULE\nNAME"; valid until the next Read or Next
}

// What follows an opcode: so many bytes, or a text.
const (
	names  = -1 - iota // two lines, a module and a name
	sized1             // a length of one byte, then the text
	sized4             // a length of four bytes, then the text
)

// arguments are what follows the opcodes that PyTorch writes, in checkpoints or in TorchScript
// archives.
var arguments = map[byte]int{
	0x80: 1,                                                                            // PROTO
	'(':  0, '.': 0, 'N': 0, 0x88: 0, 0x89: 0, 'Q': 0, 'R': 0, 'b': 0, 0x81: 0, '0': 0, // MARK STOP NONE NEWTRUE NEWFALSE BINPERSID REDUCE BUILD NEWOBJ POP
	']': 0, ')': 0, '}': 0, 0x8f: 0, 't': 0, 0x85: 0, 0x86: 0, 0x87: 0, 'a': 0, 'e': 0, 's': 0, 'u': 0, 'd': 0, // lists, tuples, sets, dictionaries
	'K': 1, 'M': 2, 'J': 4, 'G': 8, 0x8a: sized1, // BININT1 BININT2 BININT BINFLOAT LONG1
	'X': sized4, 'U': sized1, 'T': sized4, 'c': names, // BINUNICODE SHORT_BINSTRING BINSTRING GLOBAL
	'q': 1, 'r': 4, 'h': 1, 'j': 4, // BINPUT LONG_BINPUT BINGET LONG_BINGET
}

// Next reads one instruction without carrying it out. It refuses opcodes that PyTorch does not
// write, and texts that are longer than the pickle.
func (r *Reader) Next() (i Instruction, err error) {
	i.At = r.at
	if r.ops++; r.ops > maxOps {
		return i, fmt.Errorf("it has more than %d opcodes, which no checkpoint has", maxOps)
	}
	b, err := r.bytes(1)
	if err != nil {
		return i, r.ended()
	}
	i.Op = b[0]
	n, known := arguments[i.Op]
	switch {
	case !known:
		return i, fmt.Errorf("it has the opcode %#x, which PyTorch does not write and torch.load(weights_only=True) refuses", i.Op)
	case n == names:
		i.Arg, err = r.names()
		return i, err
	case n == sized1:
		if b, err = r.bytes(1); err == nil {
			n = int(b[0])
		}
	case n == sized4:
		if b, err = r.bytes(4); err == nil {
			n = int(binary.LittleEndian.Uint32(b))
		}
	}
	if err == nil && n > 0 {
		i.Arg, err = r.bytes(int64(n))
	}
	return i, err
}

// ended says that there are no more bytes.
func (r *Reader) ended() error {
	if r.size == maxBytes {
		return fmt.Errorf("it is longer than %d bytes, which no checkpoint's is", int64(maxBytes))
	}
	return fmt.Errorf("it ends too early: %w", io.ErrUnexpectedEOF)
}

// bytes reads n bytes, which are valid until the next call.
func (r *Reader) bytes(n int64) ([]byte, error) {
	if n > r.size-r.at {
		return nil, fmt.Errorf("a text or number of %d bytes is longer than the file: %w", n, io.ErrUnexpectedEOF)
	}
	b := r.short[:min(n, int64(len(r.short)))]
	if n > int64(len(b)) {
		b = make([]byte, n)
	}
	if _, err := io.ReadFull(r.from, b); err != nil {
		return nil, r.ended()
	}
	r.at += n
	return b, nil
}

// names reads a module and the name of a class or function in it.
func (r *Reader) names() ([]byte, error) {
	var b bytes.Buffer
	for at := 0; ; {
		c, err := r.bytes(1)
		if err != nil {
			return nil, r.ended()
		}
		if c[0] == '\n' {
			if b.Len() == at || !utf8.Valid(b.Bytes()[at:]) {
				return nil, errors.New("a name is not a text")
			}
			if at > 0 {
				return b.Bytes(), nil
			}
			b.WriteByte('\n')
			at = b.Len()
			continue
		}
		if b.WriteByte(c[0]); b.Len()-at > maxName {
			return nil, fmt.Errorf("a name has more than %d bytes", maxName)
		}
	}
}
