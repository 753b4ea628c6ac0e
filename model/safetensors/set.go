// Package safetensors reads and writes the safetensors format: a JSON header that names tensors,
// followed by their bytes. It reads headers and says where each tensor's bytes are, so that the
// weights can be mapped. It keeps no weights in memory.
//
// Files are not trusted. Open, OpenDir and Parse check a header in full. In an accepted file, every
// tensor lies inside the file and takes the bytes that its shape and dtype need. It shares them
// with no other tensor.
package safetensors

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// An Entry says where one tensor is.
type Entry struct {
	Name   string
	DType  DType
	Shape  []int64 // row-major; [] is a scalar
	Offset int64   // of the first byte, from the start of the file
	Size   int64   // bytes
	File   int     // index into Set.Files
}

// A File is one safetensors file of a set.
type File struct {
	Path     string            // as it was opened, or the label given to Parse
	Size     int64             // bytes
	Metadata map[string]string // the header's free strings, nil where it has none
	// Copied says that the bytes are not to be computed with where they lie: they are not
	// aligned, or lie in no file. Those of safetensors never are.
	Copied bool
}

// A Set is the tensors of one file, or of the shards of an index. Several goroutines can read from
// it until Close.
type Set struct {
	Files []File

	entries map[string]Entry
	readers []io.ReaderAt // one a file
	closers []io.Closer
}

// Open reads the header of the safetensors file at path. The file stays open
// until Close. Errors are *FormatError for a file that breaks the format's
// rules, else the system's.
func Open(path string) (*Set, error) {
	s := &Set{entries: map[string]Entry{}}
	if err := s.open(path); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Parse reads the header of a safetensors file of size bytes in r, such as one inside the program.
// label replaces its path in Files and in errors.
func Parse(label string, r io.ReaderAt, size int64) (*Set, error) {
	s := &Set{entries: map[string]Entry{}}
	if err := s.add(label, r, size); err != nil {
		return nil, err
	}
	return s, nil
}

// Of returns the set of tensors that another format has in r, a file of size file.Size. Entries
// may share bytes. Of checks that each lies inside the file, takes the bytes that its shape and
// dtype need, and has a name of its own. Close closes r if it is an io.Closer.
func Of(file File, r io.ReaderAt, entries []Entry) (*Set, error) {
	s := &Set{Files: []File{file}, entries: map[string]Entry{}, readers: []io.ReaderAt{r}}
	for _, e := range entries {
		e.File = 0
		fail := func(format string, a ...any) (*Set, error) {
			return nil, &FormatError{Path: file.Path, Tensor: e.Name, Problem: fmt.Sprintf(format, a...)}
		}
		size, err := byteSize(e.DType, e.Shape)
		if err != nil {
			return fail("%v", err)
		}
		if size != e.Size || e.Offset < 0 || e.Offset > file.Size || e.Size > file.Size-e.Offset {
			return fail("its %d bytes from %d on do not fit shape %s of %s in a file of %d", e.Size, e.Offset, shapeString(e.Shape), e.DType, file.Size)
		}
		if _, ok := s.entries[e.Name]; ok {
			return fail("it is there twice")
		}
		s.entries[e.Name] = e
	}
	if c, ok := r.(io.Closer); ok {
		s.closers = append(s.closers, c)
	}
	return s, nil
}

// Join returns one set of the tensors of several sets, which it takes over. A tensor that two of
// them have is an error.
func Join(sets ...*Set) (*Set, error) {
	all := &Set{entries: map[string]Entry{}}
	for _, s := range sets {
		all.closers = append(all.closers, s.closers...)
	}
	for _, s := range sets {
		for _, name := range s.Names() {
			e := s.entries[name]
			if other, ok := all.entries[name]; ok {
				all.Close()
				return nil, twice(s.Files[e.File].Path, name, all.Files[other.File].Path)
			}
			e.File += len(all.Files)
			all.entries[name] = e
		}
		all.Files = append(all.Files, s.Files...)
		all.readers = append(all.readers, s.readers...)
	}
	return all, nil
}

// twice is the error for a tensor that two files hold.
func twice(path, name, other string) error {
	return &FormatError{Path: path, Tensor: name, Problem: fmt.Sprintf("shard %s holds it as well", other),
		Remedy: "the shards are not of one model: fetch or write them again"}
}

// open opens the file at path and takes its tensors.
func (s *Set) open(path string) error {
	// Asked first, because opening a pipe that nobody writes to waits for ever.
	info, err := os.Stat(path)
	if err != nil {
		if _, linkErr := os.Lstat(path); linkErr == nil && errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open weights %s: a link to a file that is gone; fetch the weights again: %w", path, fs.ErrNotExist)
		}
		return fmt.Errorf("open weights: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("open weights %s: not a file; give a .safetensors file, or the folder that holds model.safetensors", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open weights: %w", err)
	}
	s.closers = append(s.closers, f)
	if info, err = f.Stat(); err != nil {
		return fmt.Errorf("open weights: %w", err)
	}
	return s.add(path, f, info.Size())
}

// add reads the header of the set's file.
func (s *Set) add(path string, r io.ReaderAt, size int64) error {
	entries, metadata, err := readHeader(path, r, size)
	if err != nil {
		return err
	}
	for _, e := range entries {
		s.entries[e.Name] = e
	}
	s.Files = append(s.Files, File{Path: path, Size: size, Metadata: metadata})
	s.readers = append(s.readers, r)
	return nil
}

// Close closes the files. Readers then fail; entries stay valid.
func (s *Set) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Whole returns an error if a file is shorter than when it was opened. Reading the missing part
// through a mapping would end the process (SIGBUS).
func (s *Set) Whole() error {
	for i, c := range s.closers {
		f, ok := c.(*os.File)
		if !ok {
			continue
		}
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("weights %s: %w", s.Files[i].Path, err)
		}
		if info.Size() < s.Files[i].Size {
			return fmt.Errorf("weights %s: the file was cut short to %d of %d bytes while it is in use: write or fetch it again, and open the model anew", s.Files[i].Path, info.Size(), s.Files[i].Size)
		}
	}
	return nil
}

// Len returns the number of tensors.
func (s *Set) Len() int { return len(s.entries) }

// Lookup returns the tensor of that name and whether the set has it.
func (s *Set) Lookup(name string) (Entry, bool) {
	e, ok := s.entries[name]
	return e, ok
}

// Names returns the names of all tensors in rising byte order.
func (s *Set) Names() []string {
	return slices.Sorted(maps.Keys(s.entries))
}

// Reader returns a reader of the tensor's bytes: e.Size of them, little-endian,
// row-major. The entry must come from this set.
func (s *Set) Reader(e Entry) *io.SectionReader {
	return io.NewSectionReader(s.readers[e.File], e.Offset, e.Size)
}

// readFull fills p from offset. A reader that ends early gives
// io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	n, err := r.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
