// Package torchsave reads the state dicts that torch.save writes, such as pytorch_model.bin: the
// zip files of PyTorch 1.6 and newer, and the older files.
//
// It runs nothing and trusts nothing. It accepts the tensors that torch.load(weights_only=True)
// accepts, and refuses anything else by its name. It says where each tensor's bytes are, so that
// they can be mapped, and copies none whose elements are in order.
package torchsave

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/golens/golens/model/pickle"
	"github.com/golens/golens/model/safetensors"
)

// Open finds the tensors of the file at path. Two names of one tensor, as of a tied unembedding,
// have one place. Tensors whose elements are not in order are copied. In an older file nothing is
// aligned, so File.Copied is set: its tensors must be copied before use.
//
// Errors name the file and the part of it that does not belong to a state dict.
func Open(path string) (*safetensors.Set, error) {
	fail := func(err error) (*safetensors.Set, error) {
		return nil, fmt.Errorf("weights %s: %w", path, err)
	}
	// Asked first, because opening a pipe that nobody writes to waits for ever.
	info, err := os.Stat(path)
	if err != nil {
		if _, linkErr := os.Lstat(path); linkErr == nil && errors.Is(err, fs.ErrNotExist) {
			return fail(fmt.Errorf("a link to a file that is gone; fetch the weights again: %w", fs.ErrNotExist))
		}
		return nil, fmt.Errorf("open weights: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("not a file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	set, err := read(path, f, info.Size())
	if err != nil {
		f.Close()
		return fail(err)
	}
	return set, nil
}

// read reads the file r of size bytes. The set closes r if that is an io.Closer.
func read(path string, r io.ReaderAt, size int64) (*safetensors.Set, error) {
	tensors, zipped, err := tensorsOf(r, size)
	if err != nil {
		return nil, err
	}
	var entries, copies []safetensors.Entry
	var moved []byte
	for _, t := range tensors {
		e := safetensors.Entry{Name: t.name, DType: t.storage.kind.dtype, Shape: t.shape,
			Offset: t.storage.start() + t.offset*t.storage.kind.bytes, Size: t.count * t.storage.kind.bytes}
		if t.inOrder() {
			entries = append(entries, e)
			continue
		}
		b, err := t.gather(r)
		if err != nil {
			return nil, fmt.Errorf("tensor %.200q: %w", t.name, err)
		}
		moved = append(moved, make([]byte, -len(moved)&63)...)
		e.Offset = int64(len(moved))
		moved = append(moved, b...)
		copies = append(copies, e)
	}
	set, err := safetensors.Of(safetensors.File{Path: path, Size: size, Copied: !zipped}, r, entries)
	if err != nil || len(copies) == 0 {
		return set, err
	}
	rest, err := safetensors.Of(safetensors.File{Path: path, Size: int64(len(moved)), Copied: true}, memory(moved), copies)
	if err != nil {
		return nil, err
	}
	return safetensors.Join(set, rest)
}

// tensorsOf returns the tensors of a state dict, and whether the file is a zip file.
func tensorsOf(r io.ReaderAt, size int64) (list []*tensor, zipped bool, err error) {
	head := make([]byte, min(size, 300))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, false, err
	}
	var top any
	switch kind := sniff(head); kind {
	case "zip":
		top, err = readZip(r, size)
	case "pickle":
		top, err = readLegacy(r, size)
	default:
		err = errors.New(kind)
	}
	if err != nil {
		return nil, false, err
	}
	list, err = stateDict(top)
	return list, sniff(head) == "zip", err
}

// sniff tells by a file's first bytes how to read it, or what it is instead.
func sniff(head []byte) string {
	starts := func(s string) bool { return len(head) >= len(s) && string(head[:len(s)]) == s }
	switch {
	case starts("PK\x03\x04"):
		return "zip"
	case starts("\x80"):
		return "pickle"
	case starts("version https://git-lfs"):
		return "this is a git-lfs pointer, not the file that it points to; run: git lfs pull"
	case starts("<"):
		return "this is a web page, not a file of torch.save; fetch the file itself"
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return "this is a tar file, as PyTorch wrote before 0.1.10; torch.load(weights_only=True) refuses it as well: save the model as safetensors"
	}
	return "this is not a file of torch.save; fetch or write it again"
}

// stateDict returns the tensors of a dictionary of names.
func stateDict(top any) (list []*tensor, err error) {
	dict, ok := top.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("it holds %s, not a state dict; save the model's state_dict() alone", pickle.Kind(top))
	}
	for _, name := range []string{"state_dict", "model_state_dict", "model", "module"} {
		if v, _ := dict.Get(name); v != nil {
			if _, ok := v.(*pickle.Dict); ok {
				return nil, fmt.Errorf("it is a checkpoint of a training, whose tensors lie under %q; save that part alone (in Python: torch.save(torch.load(FILE)[%q], NEW))", name, name)
			}
		}
	}
	for _, key := range dict.Keys {
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("its dictionary has a key that is %s, not a name", pickle.Kind(key))
		}
		v, _ := dict.Get(key)
		t, ok := v.(*tensor)
		if !ok {
			return nil, fmt.Errorf("its entry %.200q is %s, not a tensor", name, pickle.Kind(v))
		}
		named := *t
		named.name = name
		list = append(list, &named)
	}
	return list, nil
}
