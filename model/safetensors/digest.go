package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// pieceSize is the number of bytes of a tensor that Digest hashes at once. It
// is part of the digest's definition.
const pieceSize = 16 << 20

// Digest returns a SHA-256 over all tensors in rising order of their names:
// name, dtype, shape and bytes of each. It reads every byte of the weights
// once, on all of the program's processors, with a small buffer for each. The
// same tensors give the same digest however they are spread over files, in
// whichever order they lie there, and whatever the files' metadata.
//
// A tensor enters the hash as the length of its name, the name, the length of
// its dtype, the dtype, the number of dimensions, each dimension, the number of
// bytes, and the SHA-256 of each piece of 16 MiB, the last one shorter; the
// numbers are 64-bit little-endian integers. The pieces are there to be hashed
// at the same time.
func (s *Set) Digest() ([sha256.Size]byte, error) {
	names := s.Names()
	var pieces []piece
	for _, name := range names {
		e := s.entries[name]
		for at := int64(0); at < e.Size; at += pieceSize {
			pieces = append(pieces, piece{entry: e, at: at, size: min(pieceSize, e.Size-at)})
		}
	}
	if err := s.hash(pieces); err != nil {
		return [sha256.Size]byte{}, err
	}

	var all []byte
	for _, name := range names {
		e := s.entries[name]
		all = appendDescription(all, e.Name, e.DType, e.Shape, e.Size)
		for at := int64(0); at < e.Size; at += pieceSize {
			all = append(all, pieces[0].sum[:]...)
			pieces = pieces[1:]
		}
	}
	return sha256.Sum256(all), nil
}

// DigestOf returns the Digest of a file that holds these tensors. It reads their data.
func DigestOf(tensors ...Tensor) ([sha256.Size]byte, error) {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	var all []byte
	for i, t := range tensors {
		if i > 0 && t.Name == tensors[i-1].Name {
			return [sha256.Size]byte{}, fmt.Errorf("digest: the tensor %s comes twice", quote(t.Name))
		}
		size, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return [sha256.Size]byte{}, fmt.Errorf("digest: tensor %s: %w", quote(t.Name), err)
		}
		all = appendDescription(all, t.Name, t.DType, t.Shape, size)
		for at := int64(0); at < size; at += pieceSize {
			hash := sha256.New()
			if _, err := io.CopyN(hash, t.Data, min(pieceSize, size-at)); err != nil {
				return [sha256.Size]byte{}, fmt.Errorf("digest: tensor %s: %w", quote(t.Name), err)
			}
			all = hash.Sum(all)
		}
	}
	return sha256.Sum256(all), nil
}

// appendDescription appends what the digest takes of a tensor but for its bytes.
func appendDescription(all []byte, name string, d DType, shape []int64, size int64) []byte {
	number := func(n int64) { all = binary.LittleEndian.AppendUint64(all, uint64(n)) }
	number(int64(len(name)))
	all = append(all, name...)
	number(int64(len(d)))
	all = append(all, d...)
	number(int64(len(shape)))
	for _, dim := range shape {
		number(dim)
	}
	number(size)
	return all
}

// A piece is a run of a tensor's bytes and, once hashed, their SHA-256.
type piece struct {
	entry    Entry
	at, size int64
	sum      [sha256.Size]byte
}

// hash sets the sum of every piece.
func (s *Set) hash(pieces []piece) error {
	workers := min(runtime.GOMAXPROCS(0), len(pieces))
	errs := make([]error, workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			buffer := make([]byte, 256<<10)
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pieces) {
					return
				}
				errs[w] = s.hashPiece(&pieces[i], buffer)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// hashPiece sets the sum of one piece. buffer is used for reading.
func (s *Set) hashPiece(p *piece, buffer []byte) error {
	hash := sha256.New()
	r := io.NewSectionReader(s.readers[p.entry.File], p.entry.Offset+p.at, p.size)
	// Hidden behind plain interfaces, io.CopyBuffer uses the buffer given.
	n, err := io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{r}, buffer)
	if err == nil && n != p.size {
		err = fmt.Errorf("its bytes end at %d of %d: the file was changed since it was opened", p.at+n, p.entry.Size)
	}
	if err != nil {
		return fmt.Errorf("weights %s: digest: tensor %s: %w", s.Files[p.entry.File].Path, quote(p.entry.Name), err)
	}
	hash.Sum(p.sum[:0])
	return nil
}
