package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// step carries out one opcode other than STOP.
func (m *machine) step(i Instruction) error {
	switch op := i.Op; op {
	case 0x80: // PROTO
		if v := i.Arg[0]; v != 2 {
			return fmt.Errorf("it is of protocol %d, and torch.save writes 2", v)
		}
		return nil
	case '(': // MARK
		m.marks = append(m.marks, len(m.stack))
		return nil
	case 'N', 0x88, 0x89, ')', ']', '}', 0x8f, 'J', 'K', 'M', 'G', 'X', 'U', 0x8a:
		m.push(i.literal())
		return nil
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
		return m.remember(i)
	case 'c': // GLOBAL
		return m.global(i)
	case 'Q': // BINPERSID
		return m.persistent()
	case 'R', 0x81: // REDUCE, NEWOBJ
		return m.call()
	case 'b': // BUILD
		return m.build()
	}
	return fmt.Errorf("it has the opcode %#x, which a checkpoint does not need and torch.load(weights_only=True) refuses", i.Op)
}

// literal returns the value that an instruction holds.
func (i Instruction) literal() any {
	switch b := i.Arg; i.Op {
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return i.Op == 0x88
	case ')': // EMPTY_TUPLE
		return Tuple{}
	case ']': // EMPTY_LIST
		return &List{}
	case '}', 0x8f: // EMPTY_DICT, EMPTY_SET, which nothing can be put into
		return NewDict()
	case 0x8a: // LONG1
		return long(b)
	case 'X', 'U': // BINUNICODE, SHORT_BINSTRING
		return string(b)
	case 'J', 'K', 'M': // BININT, BININT1, BININT2
		if i.Op == 'J' {
			return int64(int32(binary.LittleEndian.Uint32(b)))
		}
		return i.number()
	case 'G': // BINFLOAT
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return nil // NONE
}

// number is the unsigned number of up to four bytes that follows an opcode.
func (i Instruction) number() (v int64) {
	for at, b := range i.Arg {
		v |= int64(b) << (8 * at)
	}
	return v
}

// Place returns the place in the memo that an instruction reads or writes, and whether it does.
func (i Instruction) Place() (place int64, ok bool) {
	switch i.Op {
	case 'h', 'j', 'q', 'r': // BINGET, LONG_BINGET, BINPUT, LONG_BINPUT
		return i.number(), true
	}
	return 0, false
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
func (m *machine) remember(i Instruction) error {
	place := i.number()
	if i.Op == 'q' || i.Op == 'r' { // BINPUT, LONG_BINPUT
		v, err := m.top()
		m.memo[place] = v
		return err
	}
	v, ok := m.memo[place]
	if !ok {
		return fmt.Errorf("it takes the object %d, which it has not remembered", place)
	}
	m.push(v)
	return nil
}

func (m *machine) global(i Instruction) error {
	module, name, _ := strings.Cut(string(i.Arg), "\n")
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
