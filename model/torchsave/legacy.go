package torchsave

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/golens/golens/model/pickle"
)

// magic is the number that files of torch.save began with before PyTorch 1.6.
var magic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// readLegacy reads a file of torch.save before PyTorch 1.6: five pickles in a row, then
// each storage's number of elements and its bytes.
func readLegacy(r io.ReaderAt, size int64) (any, error) {
	rd := &reader{storages: map[string]*storage{}, place: func(*storage) error { return nil }}
	p := rd.newPickle(io.NewSectionReader(r, 0, size), size)
	number, err := p.Read()
	if err != nil {
		return nil, err
	}
	if n, ok := number.(*big.Int); !ok || n.Cmp(magic) != 0 {
		return nil, errors.New("it is a pickle, and not one of torch.save: save the model's state_dict() with torch.save, or as safetensors")
	}
	version, err := p.Read()
	if err != nil {
		return nil, err
	}
	if version != int64(1001) {
		return nil, errors.New("it is of a version of torch.save that was never published")
	}
	system, err := p.Read()
	if err != nil {
		return nil, err
	}
	if d, ok := system.(*pickle.Dict); ok {
		if little, ok := d.Get("little_endian"); ok && little != true {
			return nil, errors.New("its numbers are stored big-endian; golens reads little-endian files")
		}
	}
	top, err := p.Read()
	if err != nil {
		return nil, err
	}
	keys, err := p.Read()
	if err != nil {
		return nil, err
	}
	return top, rd.placeAll(r, keys, p.Offset(), size)
}

// placeAll finds where the storages lie, which follow each other from the byte at on.
func (rd *reader) placeAll(r io.ReaderAt, keys any, at, size int64) error {
	list, ok := keys.(*pickle.List)
	if !ok {
		return errors.New("it does not list its storages")
	}
	placed := map[string]bool{}
	for _, k := range list.Items {
		key, _ := k.(string)
		s := rd.storages[key]
		if s == nil || placed[key] {
			return fmt.Errorf("it lists the storage %.40q, which no tensor has or which it listed before", key)
		}
		var b [8]byte
		if at > size-8 {
			return fmt.Errorf("it ends before the storage %.40q: was it cut short?", key)
		}
		if _, err := r.ReadAt(b[:], at); err != nil && err != io.EOF {
			return err
		}
		at += 8
		if n := int64(binary.LittleEndian.Uint64(b[:])); n != s.count {
			return fmt.Errorf("the storage %.40q has %d elements, and %d where it lies", key, s.count, n)
		}
		s.at = at
		if bytes := s.count * s.kind.bytes; bytes > size-at {
			return fmt.Errorf("it ends within the storage %.40q: was it cut short?", key)
		} else {
			at += bytes
		}
		placed[key] = true
	}
	for key := range rd.storages {
		if !placed[key] {
			return fmt.Errorf("it has no bytes of the storage %.40q", key)
		}
	}
	if at != size {
		return fmt.Errorf("%d bytes at its end belong to no storage", size-at)
	}
	return nil
}
