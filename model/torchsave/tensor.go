package torchsave

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/golens/golens/model/pickle"
	"github.com/golens/golens/model/safetensors"
)

// A kind is the type of a storage's elements.
type kind struct {
	dtype safetensors.DType
	bytes int64
}

// storageKinds are PyTorch's classes of storages.
var storageKinds = map[string]kind{
	"DoubleStorage": {safetensors.F64, 8}, "FloatStorage": {safetensors.F32, 4}, "HalfStorage": {safetensors.F16, 2}, "BFloat16Storage": {safetensors.BF16, 2},
	"LongStorage": {safetensors.I64, 8}, "IntStorage": {"I32", 4}, "ShortStorage": {"I16", 2}, "CharStorage": {"I8", 1},
	"ByteStorage": {safetensors.U8, 1}, "BoolStorage": {safetensors.Bool, 1},
}

// A storage is a run of elements in the file.
type storage struct {
	key   string
	kind  kind
	count int64    // elements
	at    int64    // of the first byte in the file
	root  *storage // of a view
	shift int64    // of a view's first element in its root
}

// start returns where the storage's first byte lies in the file.
func (s *storage) start() int64 {
	if s.root != nil {
		return s.root.at + s.shift*s.kind.bytes
	}
	return s.at
}

// A tensor is a view of a storage.
type tensor struct {
	name    string
	storage *storage
	offset  int64 // elements
	shape   []int64
	stride  []int64 // elements
	count   int64   // elements
}

// A reader makes the objects that a checkpoint's pickle names.
type reader struct {
	storages map[string]*storage
	// place finds where a new storage lies; of an older file that is known later.
	place func(*storage) error
}

// newPickle returns a reader of pickles with the names of a state dict.
func (r *reader) newPickle(from io.Reader, size int64) *pickle.Reader {
	p := pickle.NewReader(from, size)
	p.Global, p.Persistent = r.global, r.persistent
	return p
}

// opaque is a value that is read and not used, such as a dtype or a device.
type opaque struct{}

// global returns what the name of a class or function stands for.
func (r *reader) global(module, name string) (any, error) {
	full := module + "." + name
	if k, ok := storageKinds[name]; ok && module == "torch" {
		return k, nil
	}
	switch full {
	case "collections.OrderedDict":
		return pickle.Callable(func(args pickle.Tuple) (any, error) {
			if len(args) != 0 {
				return nil, errors.New("an OrderedDict is made with arguments")
			}
			return pickle.NewDict(), nil
		}), nil
	case "torch._utils._rebuild_tensor_v2":
		return pickle.Callable(func(args pickle.Tuple) (any, error) {
			if len(args) != 6 && len(args) != 7 {
				return nil, fmt.Errorf("_rebuild_tensor_v2 has %d arguments", len(args))
			}
			if len(args) == 7 {
				if d, ok := args[6].(*pickle.Dict); args[6] != nil && (!ok || len(d.Keys) > 0) {
					return nil, errors.New("a tensor has metadata, such as that its values are negated, which golens does not apply")
				}
			}
			return r.tensor(args[:4])
		}), nil
	case "torch._utils._rebuild_tensor":
		return pickle.Callable(func(args pickle.Tuple) (any, error) {
			if len(args) != 4 {
				return nil, fmt.Errorf("_rebuild_tensor has %d arguments", len(args))
			}
			return r.tensor(args)
		}), nil
	case "torch._utils._rebuild_parameter", "torch.nn.parameter.Parameter":
		return pickle.Callable(func(args pickle.Tuple) (any, error) {
			if len(args) == 0 || len(args) > 3 {
				return nil, fmt.Errorf("a parameter is made with %d arguments", len(args))
			}
			t, ok := args[0].(*tensor)
			if !ok {
				return nil, fmt.Errorf("a parameter is made of %s", pickle.Kind(args[0]))
			}
			return t, nil
		}), nil
	case "torch.Size":
		return pickle.Callable(func(args pickle.Tuple) (any, error) {
			if len(args) == 1 {
				if items, ok := args[0].(pickle.Tuple); ok {
					return items, nil
				}
			}
			return nil, errors.New("torch.Size is made of what is no tuple")
		}), nil
	case "torch.device":
		return pickle.Callable(func(pickle.Tuple) (any, error) { return opaque{}, nil }), nil
	case "torch.float16", "torch.bfloat16", "torch.float32", "torch.float64", "torch.int8", "torch.int16", "torch.int32", "torch.int64", "torch.uint8", "torch.bool":
		return opaque{}, nil
	}
	return nil, fmt.Errorf("it would use Python's %.200s, which no state dict needs and golens does not run: save the model's state_dict() alone, or as safetensors; "+
		"where the file comes from someone you do not know, it may be an attack", strings.ToValidUTF8(full, "?"))
}

// persistent returns the storage of an id: ("storage", class, key, device, number of
// elements), with a view of another storage as the last part in older files.
func (r *reader) persistent(id any) (any, error) {
	p, ok := id.(pickle.Tuple)
	if !ok || len(p) != 5 && len(p) != 6 || p[0] != "storage" {
		return nil, errors.New("it refers to something outside that is no storage")
	}
	k, ok1 := p[1].(kind)
	key, ok2 := p[2].(string)
	_, ok3 := p[3].(string)
	count, ok4 := p[4].(int64)
	if !ok1 || !ok2 || !ok3 || !ok4 || count < 0 || count > math.MaxInt64/k.bytes {
		return nil, errors.New("it refers to a storage in a form that torch.save does not write")
	}
	s, known := r.storages[key]
	if !known {
		s = &storage{key: key, kind: k, count: count}
		if err := r.place(s); err != nil {
			return nil, err
		}
		r.storages[key] = s
	}
	if s.kind != k || s.count != count {
		return nil, fmt.Errorf("the storage %.40q is named with two types or sizes", key)
	}
	if len(p) == 5 || p[5] == nil {
		return s, nil
	}
	v, ok := p[5].(pickle.Tuple)
	if !ok || len(v) != 3 {
		return nil, fmt.Errorf("the view of the storage %.40q has another form", key)
	}
	shift, ok1 := v[1].(int64)
	n, ok2 := v[2].(int64)
	if !ok1 || !ok2 || shift < 0 || n < 0 || shift > count || n > count-shift {
		return nil, fmt.Errorf("the view of the storage %.40q lies outside of it", key)
	}
	return &storage{key: key, kind: k, count: n, root: s, shift: shift}, nil
}

// tensor makes a tensor of storage, offset, size and stride. All its elements lie in its
// storage.
func (r *reader) tensor(args pickle.Tuple) (*tensor, error) {
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fmt.Errorf("a tensor is made of %s, not of a storage", pickle.Kind(args[0]))
	}
	t := &tensor{storage: s, count: 1}
	var err error
	if t.offset, ok = args[1].(int64); !ok || t.offset < 0 {
		return nil, errors.New("a tensor's offset is no number from 0 on")
	}
	if t.shape, err = numbers(args[2]); err != nil {
		return nil, fmt.Errorf("a tensor's size is %w", err)
	}
	if t.stride, err = numbers(args[3]); err != nil {
		return nil, fmt.Errorf("a tensor's stride is %w", err)
	}
	if len(t.shape) != len(t.stride) {
		return nil, fmt.Errorf("a tensor has %d sizes and %d strides", len(t.shape), len(t.stride))
	}
	for _, n := range t.shape {
		if n > 0 && t.count > math.MaxInt64/n/8 {
			return nil, errors.New("a tensor's size overflows 64 bits")
		}
		t.count *= n
	}
	if t.count == 0 {
		t.offset = 0
		return t, nil
	}
	last := t.offset
	for i, n := range t.shape {
		if t.stride[i] > 0 && n-1 > (math.MaxInt64-last)/t.stride[i] {
			return nil, errors.New("a tensor's stride overflows 64 bits")
		}
		last += (n - 1) * t.stride[i]
	}
	if last >= s.count {
		return nil, fmt.Errorf("a tensor reaches to element %d of the storage %.40q, which has %d", last, s.key, s.count)
	}
	if t.count > s.count {
		return nil, fmt.Errorf("a tensor of %d elements repeats those of the storage %.40q, which has %d", t.count, s.key, s.count)
	}
	return t, nil
}

// numbers returns the numbers of a tuple, none of them negative.
func numbers(v any) ([]int64, error) {
	t, ok := v.(pickle.Tuple)
	if !ok || len(t) > 64 {
		return nil, errors.New("no tuple of at most 64 numbers")
	}
	out := make([]int64, len(t))
	for i, v := range t {
		n, ok := v.(int64)
		if !ok || n < 0 {
			return nil, errors.New("no tuple of numbers from 0 on")
		}
		out[i] = n
	}
	return out, nil
}

// inOrder reports whether the elements lie one after another as the shape says.
func (t *tensor) inOrder() bool {
	if t.count == 0 {
		return true
	}
	step := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != step {
			return false
		}
		step *= t.shape[i]
	}
	return true
}

// gather returns the elements in the shape's order.
func (t *tensor) gather(r io.ReaderAt) ([]byte, error) {
	size := t.storage.kind.bytes
	span := int64(1)
	for i, n := range t.shape {
		span += (n - 1) * t.stride[i]
	}
	from := make([]byte, span*size)
	if _, err := io.ReadFull(io.NewSectionReader(r, t.storage.start()+t.offset*size, span*size), from); err != nil {
		return nil, err
	}
	out := make([]byte, 0, t.count*size)
	index := make([]int64, len(t.shape))
	for at := int64(0); ; {
		out = append(out, from[at*size:(at+1)*size]...)
		axis := len(t.shape) - 1
		for ; axis >= 0; axis-- {
			at += t.stride[axis]
			if index[axis]++; index[axis] < t.shape[axis] {
				break
			}
			at -= t.stride[axis] * t.shape[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return out, nil
		}
	}
}

// memory reads from bytes.
type memory []byte

func (m memory) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
