package model

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// weights provides a checkpoint's tensors in the dtype and on the device of a model. Tensors of a
// mapped file are used in place. Tensors of another dtype are converted, and the file's pages are
// dropped again.
type weights struct {
	set      *safetensors.Set
	from     string        // for errors: the folder or name
	files    []*torch.File // one for each of set's files, nil for embedded bytes; of files whose tensors are copied it is nil
	embedded string        // the bytes, where they could not be mapped
	prefix   string        // what the keys begin with, such as "transformer.", or nothing
	class    string        // what those of the class begin with, such as "transformer."
	dtype    torch.DType
	device   torch.Device
	alias    map[string]string // a key that the checkpoint lacks, and the one of its tensor
	adapter  *adapter          // what is merged into them, or nil
	used     map[string]bool
	made     map[string]*torch.Tensor
}

var errNoTensor = errors.New("no such tensor")

func (w *weights) has(key string) bool {
	_, ok := w.find(key)
	return ok
}

// find looks a key up with and without the prefix; lm_head has none.
func (w *weights) find(key string) (safetensors.Entry, bool) {
	if e, ok := w.set.Lookup(w.prefix + key); ok {
		return e, true
	}
	if e, ok := w.set.Lookup(key); ok || w.alias[key] == "" {
		return e, ok
	}
	return w.find(w.alias[key])
}

// nameOf returns the checkpoint's own name of a key. The key begins with the class's prefix, which
// the checkpoint may lack. Without such a tensor the result is "".
func (w *weights) nameOf(key, prefix string) string {
	if e, ok := w.set.Lookup(key); ok {
		return e.Name
	}
	e, _ := w.find(strings.TrimPrefix(key, prefix))
	return e.Name
}

// findPrefix finds the prefix of the checkpoint's keys: the class's prefix, the last part of it,
// or nothing. Every checkpoint has at least one of the keys.
func (w *weights) findPrefix(prefix string, keys ...string) {
	w.class = prefix
	for p := prefix; p != ""; {
		for _, key := range keys {
			if _, ok := w.set.Lookup(p + key); ok {
				w.prefix = p
				return
			}
		}
		_, p, _ = strings.Cut(p, ".")
	}
}

// same reports whether two tensors of the checkpoint have the same bytes.
func (w *weights) same(a, b string) (bool, error) {
	x, okX := w.find(a)
	y, okY := w.find(b)
	if !okX || !okY || x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) {
		return false, nil
	}
	if x.File == y.File && x.Offset == y.Offset {
		return true, nil // one place with two names
	}
	rx, ry := bufio.NewReaderSize(w.set.Reader(x), 1<<20), bufio.NewReaderSize(w.set.Reader(y), 1<<20)
	bx, by := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(rx, bx)
		if n == 0 && err == io.EOF {
			return true, nil
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return false, err
		}
		if _, err := io.ReadFull(ry, by[:n]); err != nil {
			return false, err
		}
		if !bytes.Equal(bx[:n], by[:n]) {
			return false, nil
		}
	}
}

// preload loads the pages of a mapped tensor in the background.
func (w *weights) preload(key string) {
	if e, ok := w.lies(key); ok {
		w.files[e.File].Preload(e.Offset, e.Size)
	}
}

// forget evicts the pages of a mapped tensor.
func (w *weights) forget(key string) {
	if e, ok := w.lies(key); ok {
		w.files[e.File].Forget(e.Offset, e.Size)
	}
}

// check returns an error if a mapped file has changed since it was opened.
func (w *weights) check() error {
	if w == nil || !w.mapped() {
		return nil
	}
	for _, f := range w.files {
		if err := f.Check(); err != nil {
			return fmt.Errorf("model: %s: %w", w.from, err)
		}
	}
	return nil
}

// mapped reports whether some requested tensor is used in a mapped file.
func (w *weights) mapped() bool {
	for name := range w.made {
		if _, ok := w.lies(name); ok {
			return true
		}
	}
	return false
}

// lies finds a tensor that is used in a mapped file.
func (w *weights) lies(key string) (safetensors.Entry, bool) {
	e, ok := w.find(key)
	if _, _, changed := w.adapter.of(key); changed {
		return e, false
	}
	return e, ok && w.isMapped(e) && floatTypes[e.DType] == w.dtype && w.device.Host()
}

// isMapped reports whether a tensor's bytes are read in a mapped file.
func (w *weights) isMapped(e safetensors.Entry) bool { return w.files != nil && w.files[e.File] != nil }

// note marks a tensor as known to the model, although the model does not hold it.
func (w *weights) note(key string) {
	if e, ok := w.find(key); ok {
		w.used[e.Name] = true
	}
}

// tensor returns the tensor of a key, which must have the given shape. The weights own it. A
// second request returns the same tensor (a tied unembedding).
func (w *weights) tensor(key string, shape []int64) (*torch.Tensor, error) {
	e, ok := w.find(key)
	if !ok {
		return nil, fmt.Errorf("model: %s has no tensor %s: %w; %s", w.from, w.prefix+key, errNoTensor, w.instead(key))
	}
	if !slices.Equal(e.Shape, shape) {
		return nil, fmt.Errorf("model: in %s the tensor %s has the shape %v, but config.json asks for %v", w.from, e.Name, e.Shape, shape)
	}
	w.used[e.Name] = true
	if t, ok := w.made[e.Name]; ok {
		return t, nil
	}
	d, ok := floatTypes[e.DType]
	if !ok {
		return nil, fmt.Errorf("model: in %s the tensor %s holds %s; weights must be F32, F16 or BF16", w.from, e.Name, e.DType)
	}
	raw, err := w.raw(e, d)
	if err != nil {
		return nil, err
	}
	_, _, changed := w.adapter.of(key)
	if d == w.dtype && w.device.Host() && !changed {
		w.made[e.Name] = raw
		return raw, nil
	}
	defer raw.Close()
	if changed {
		own, err := raw.To(w.dtype, torch.CPU)
		if err != nil {
			return nil, err
		}
		defer own.Close()
		if raw, err = w.adapter.merge(key, own); err != nil {
			return nil, err
		}
		defer raw.Close()
	}
	t, err := raw.To(w.dtype, w.device)
	if err != nil {
		return nil, err
	}
	if w.isMapped(e) {
		w.files[e.File].Forget(e.Offset, e.Size)
	}
	w.made[e.Name] = t
	return t, nil
}

// instead says why a tensor may be missing: where the file has it by another name, which
// transformers would not find either, and fill with random numbers.
func (w *weights) instead(key string) string {
	old := strings.NewReplacer("ln_1.weight", "ln_1.gamma", "ln_2.weight", "ln_2.gamma", "ln_f.weight", "ln_f.gamma", "norm.weight", "norm.gamma")
	for _, name := range w.set.Names() {
		if prefix, ok := strings.CutSuffix(name, key); ok && strings.HasSuffix(prefix, ".") {
			prefix = strings.TrimSuffix(strings.TrimSuffix(prefix, w.class), ".")
			return fmt.Sprintf("it has %s: save the model without the %q around it", name, prefix)
		}
		if other := old.Replace(key); other != key && strings.HasSuffix(name, other) {
			return fmt.Sprintf("it has %s, by a name that transformers does not read: rename it", name)
		}
	}
	return "is it the checkpoint that config.json describes?"
}

var floatTypes = map[safetensors.DType]torch.DType{
	safetensors.F32: torch.Float32, safetensors.F16: torch.Float16, safetensors.BF16: torch.BFloat16,
}

func (w *weights) raw(e safetensors.Entry, d torch.DType) (*torch.Tensor, error) {
	switch {
	case w.files == nil:
		return torch.FromBytes([]byte(w.embedded[e.Offset:e.Offset+e.Size]), d, e.Shape...)
	case w.isMapped(e):
		return w.files[e.File].Tensor(e.Offset, d, e.Shape...)
	}
	b := make([]byte, e.Size)
	if _, err := io.ReadFull(w.set.Reader(e), b); err != nil {
		return nil, fmt.Errorf("model: read the tensor %s of %s: %w", e.Name, w.from, err)
	}
	return torch.FromBytes(b, d, e.Shape...)
}

// unused returns the tensors that no module requested, except attention masks, which hub
// checkpoints carry without need.
func (w *weights) unused() []string {
	var out []string
	for _, name := range w.set.Names() {
		if !w.used[name] && !isMask(name) {
			out = append(out, name)
		}
	}
	return out
}

func (w *weights) Close() error {
	for _, t := range w.made {
		t.Close()
	}
	for _, f := range w.files {
		if f != nil {
			f.Close()
		}
	}
	if w.adapter != nil {
		w.adapter.Close()
	}
	return w.set.Close()
}

// openWeights maps the files of a folder's weights, for a model that computes in the requested
// type.
func openWeights(at place, asked DType, c *config.Arch, on torch.Device) (*weights, error) {
	set, err := at.open()
	if err != nil {
		return nil, err
	}
	d, err := asked.choose(c, set)
	if err != nil {
		set.Close()
		return nil, fmt.Errorf("model: %s: %w", at.dir, err)
	}
	w := newWeights(set, at.dir, d, on)
	for _, f := range set.Files {
		if f.Copied {
			w.files = append(w.files, nil)
			continue
		}
		m, err := torch.Map(f.Path)
		if err != nil {
			w.Close()
			return nil, err
		}
		w.files = append(w.files, m)
	}
	return w, nil
}

// embeddedWeights reads a safetensors file in memory.
func embeddedWeights(name string, data string, d torch.DType, on torch.Device) (*weights, error) {
	set, err := safetensors.Parse(name, strings.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	w := newWeights(set, name, d, on)
	if f, err := mapBytes(name, data); err == nil {
		w.files = []*torch.File{f}
	} else {
		w.embedded = data
	}
	return w, nil
}

// mapBytes maps bytes as if they were a file. So each tensor has the address that it would have in
// the mapped file, modulo the size of a page. On some processors the product of a single row
// depends on that.
func mapBytes(name, data string) (*torch.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if _, err := io.WriteString(f, data); err != nil {
		return nil, err
	}
	return torch.Map(fmt.Sprintf("/proc/self/fd/%d", fd))
}

func newWeights(set *safetensors.Set, from string, d torch.DType, on torch.Device) *weights {
	return &weights{set: set, from: from, dtype: d, device: on, used: map[string]bool{}, made: map[string]*torch.Tensor{}}
}
