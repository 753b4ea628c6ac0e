package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// step carries out one opcode other than STOP.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := m.byte()
		if err == nil && v != 2 {
			err = fmt.Errorf("it is of protocol %d, and torch.save writes 2", v)
		}
		return err
	case '(': // MARK
		m.marks = append(m.marks, len(m.stack))
		return nil
	case 'N', 0x88, 0x89, ')', ']', '}', 0x8f, 'J', 'K', 'M', 'G', 'X', 'U', 0x8a:
		v, err := m.literal(op)
		m.push(v)
		return err
	case 't', 0x85, 0x86, 0x87: // TUPLE, TUPLE1, TUPLE2, TUPLE3
		if op != 't' {
			return m.tuple(int(op - 0x84))
		}
		items, err := m.popMark()
		m.push(items)
		return err
	case 'a', 'e': // APPEND, APPENDS
		return m.append(op)
	case 's', 'u': // SETITEM, SETITEMS
		return m.setItems(op)
	case 'h', 'j', 'q', 'r': // BINGET, LONG_BINGET, BINPUT, LONG_BINPUT
		return m.remember(op)
	case 'c': // GLOBAL
		return m.global()
	case 'Q': // BINPERSID
		return m.persistent()
	case 'R', 0x81: // REDUCE, NEWOBJ
		return m.call()
	case 'b': // BUILD
		return m.build()
	}
	return fmt.Errorf("it has the opcode %#x, which a checkpoint does not need and torch.load(weights_only=True) refuses", op)
}

// literal returns the value that an opcode holds.
func (m *machine) literal(op byte) (any, error) {
	switch op {
	case 'N': // NONE
		return nil, nil
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return op == 0x88, nil
	case ')': // EMPTY_TUPLE
		return Tuple{}, nil
	case ']': // EMPTY_LIST
		return &List{}, nil
	case '}', 0x8f: // EMPTY_DICT, EMPTY_SET, which nothing can be put into
		return NewDict(), nil
	case 0x8a: // LONG1
		return m.long()
	case 'X': // BINUNICODE
		n, err := m.uint32()
		if err != nil {
			return nil, err
		}
		b, err := m.bytes(int64(n))
		return string(b), err
	case 'U': // SHORT_BINSTRING
		n, err := m.byte()
		if err != nil {
			return nil, err
		}
		b, err := m.bytes(int64(n))
		return string(b), err
	}
	b, err := m.bytes(map[byte]int64{'J': 4, 'K': 1, 'M': 2, 'G': 8}[op])
	switch {
	case err != nil:
		return nil, err
	case op == 'J': // BININT
		return int64(int32(binary.LittleEndian.Uint32(b))), nil
	case op == 'K': // BININT1
		return int64(b[0]), nil
	case op == 'M': // BININT2
		return int64(binary.LittleEndian.Uint16(b)), nil
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil // BINFLOAT
}

func (m *machine) append(op byte) error {
	var items Tuple
	var err error
	if op == 'e' {
		items, err = m.popMark()
	} else {
		var v any
		v, err = m.pop()
		items = Tuple{v}
	}
	if err != nil {
		return err
	}
	to, err := m.top()
	if err != nil {
		return err
	}
	list, ok := to.(*List)
	if !ok {
		return fmt.Errorf("something is appended to what is %s", Kind(to))
	}
	list.Items = append(list.Items, items...)
	return nil
}

func (m *machine) setItems(op byte) error {
	var items Tuple
	var err error
	if op == 'u' {
		items, err = m.popMark()
	} else if err = m.tuple(2); err == nil {
		var v any
		v, err = m.pop()
		items, _ = v.(Tuple)
	}
	if err != nil {
		return err
	}
	to, err := m.top()
	if err != nil {
		return err
	}
	dict, ok := to.(*Dict)
	if !ok {
		return fmt.Errorf("an entry is set in what is %s", Kind(to))
	}
	if len(items)%2 != 0 {
		return errors.New("a key has no value")
	}
	for i := 0; i < len(items); i += 2 {
		if err := dict.set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// remember puts a value into the memo or takes it from there.
func (m *machine) remember(op byte) error {
	var i uint32
	var err error
	if op == 'h' || op == 'q' {
		var b byte
		b, err = m.byte()
		i = uint32(b)
	} else {
		i, err = m.uint32()
	}
	if err != nil {
		return err
	}
	if op == 'q' || op == 'r' {
		v, err := m.top()
		m.memo[i] = v
		return err
	}
	v, ok := m.memo[i]
	if !ok {
		return fmt.Errorf("it takes the object %d, which it has not remembered", i)
	}
	m.push(v)
	return nil
}

func (m *machine) global() error {
	module, err := m.line()
	if err != nil {
		return err
	}
	name, err := m.line()
	if err != nil {
		return err
	}
	v, err := m.Global(module, name)
	m.push(v)
	return err
}

func (m *machine) persistent() error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	v, err := m.Persistent(id)
	m.push(v)
	return err
}

// call calls what a name stands for with the arguments on top of it.
func (m *machine) call() error {
	a, err := m.pop()
	if err != nil {
		return err
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	args, ok := a.(Tuple)
	if !ok {
		return fmt.Errorf("the arguments of a call are %s", Kind(a))
	}
	callable, ok := f.(Callable)
	if !ok {
		return fmt.Errorf("it calls what is %s", Kind(f))
	}
	v, err := callable(args)
	m.push(v)
	return err
}

// build takes the attributes of an OrderedDict, such as a state dict's _metadata, which
// say nothing of its entries.
func (m *machine) build() error {
	if _, err := m.pop(); err != nil {
		return err
	}
	to, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := to.(*Dict); !ok {
		return fmt.Errorf("it sets the attributes of what is %s", Kind(to))
	}
	return nil
}
