// Package checkpoint keeps the finished parts of long work. The work can continue after a kill, a
// power failure, or a lack of memory.
package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golens/golens/internal/atomicfile"
)

// Every is the longest time until a record is on the disk, and the time after which a work should
// append its next record.
const Every = 4 * time.Second

const magic = "golens-checkpoint-1\n"

// A Key identifies a work by its options, its model and its inputs, each with a name. Records
// serve only a work with an equal key.
type Key = []struct{ Name, Value string }

// An OtherError says that a journal belongs to another work.
type OtherError struct {
	Path  string
	Names []string // of the values that differ
}

func (e *OtherError) Error() string {
	return fmt.Sprintf("%s is of another run: %s differ", e.Path, strings.Join(e.Names, ", "))
}

// A Journal is a file of records. Each record is written at once, so that it survives the process.
// It is on the disk after Every, so that it survives the system. Records have checksums, and
// opening the journal drops a torn record at the end. Only one process at a time can have the
// journal open. A nil Journal keeps nothing.
type Journal struct {
	path string
	key  []byte // the first record, with its head

	mu      sync.Mutex
	f       *os.File
	size    int64 // of the whole records
	pending bool  // a sync is on its way
	failed  error // of a sync
}

// Open opens or creates the journal at path.
//
// With each, Open calls it for every record in order. The journal's key must then equal key;
// otherwise the error is an *OtherError. Without each, Open empties the journal, and dropped says
// whether it held a record.
func Open(path string, key Key, each func(record []byte) error) (j *Journal, dropped bool, err error) {
	text, err := json.Marshal(key)
	if err != nil {
		return nil, false, err
	}
	j = &Journal{path: path, key: append([]byte(magic), frame(text)...)}
	if j.f, err = open(path); err != nil {
		return nil, false, err
	}
	dropped, err = j.begin(key, each)
	if err != nil {
		j.f.Close()
		return nil, false, err
	}
	return j, dropped, nil
}

// open opens the file and locks it. Who had the lock may have put another file in its
// place, or removed it: then that one counts.
func open(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, &atomicfile.Error{Path: path, Err: err}
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, fmt.Errorf("%s is in use by another process: wait for its end, or write to another file", path)
			}
			return nil, &atomicfile.Error{Path: path, Err: err}
		}
		mine, err := f.Stat()
		if err == nil {
			var there fs.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
				return f, nil
			}
		}
		f.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, &atomicfile.Error{Path: path, Err: err}
		}
	}
}

// begin reads the records there are, or drops them.
func (j *Journal) begin(key Key, each func([]byte) error) (dropped bool, err error) {
	info, err := j.f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() > 0 {
		if err := j.ours(); err != nil {
			return false, err
		}
	}
	if each != nil {
		if err := j.read(info.Size(), key, each); err != nil {
			return false, err
		}
	}
	if j.size == 0 { // nothing of use
		dropped = info.Size() > int64(len(j.key))
		if err := j.cut(); err != nil {
			return false, err
		}
		return dropped, j.write(j.key)
	}
	return false, j.cut()
}

// ours refuses a file that is no journal, or the beginning of one. It leaves the file
// behind the first bytes.
func (j *Journal) ours() error {
	head := make([]byte, len(magic))
	n, err := io.ReadFull(j.f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &atomicfile.Error{Path: j.path, Err: err}
	}
	if string(head[:n]) != magic[:n] {
		return fmt.Errorf("%s is no checkpoint of golens: remove it, or write to another file", j.path)
	}
	return nil
}

// read hands the records over, and leaves in size where the whole ones end.
func (j *Journal) read(size int64, key Key, each func([]byte) error) error {
	at := int64(len(magic))
	if size < at {
		return nil // the process was killed while it wrote the first bytes
	}
	first := true
	for {
		record, err := j.next(size - at)
		if err != nil {
			return &atomicfile.Error{Path: j.path, Err: err}
		}
		if record == nil {
			return nil
		}
		at += int64(len(record)) + frameHead
		if first {
			err = j.same(record, key)
		} else {
			err = each(record)
		}
		if err != nil {
			return err
		}
		first, j.size = false, at
	}
}

// next reads a record of which at most room bytes are there, nil for a torn one or none.
func (j *Journal) next(room int64) ([]byte, error) {
	var head [frameHead]byte
	if room < frameHead {
		return nil, nil
	}
	if _, err := io.ReadFull(j.f, head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint64(head[:]))
	if n < 0 || n > room-frameHead {
		return nil, nil
	}
	record := make([]byte, n)
	if _, err := io.ReadFull(j.f, record); err != nil {
		return nil, err
	}
	if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(head[8:]) {
		return nil, nil
	}
	return record, nil
}

// same compares a journal's key, and says what differs.
func (j *Journal) same(record []byte, key Key) error {
	var there Key
	if err := json.Unmarshal(record, &there); err != nil {
		return fmt.Errorf("%s is no checkpoint of this golens: %w", j.path, err)
	}
	values := map[string]string{}
	for _, k := range there {
		values[k.Name] = k.Value
	}
	var names []string
	for _, k := range key {
		if v, ok := values[k.Name]; !ok || v != k.Value {
			names = append(names, k.Name)
		}
		delete(values, k.Name)
	}
	for _, k := range there {
		if _, ok := values[k.Name]; ok {
			names = append(names, k.Name)
		}
	}
	if names != nil {
		return &OtherError{j.path, names}
	}
	return nil
}

const frameHead = 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame puts a record's length and checksum in front of it.
func frame(record []byte) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, frameHead+len(record)), uint64(len(record)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(record, castagnoli))
	return append(b, record...)
}

// cut ends the file behind the whole records.
func (j *Journal) cut() error {
	if err := j.f.Truncate(j.size); err != nil {
		return &atomicfile.Error{Path: j.path, Err: err}
	}
	_, err := j.f.Seek(j.size, io.SeekStart)
	return err
}

// write writes bytes behind the records, or nothing of them.
func (j *Journal) write(b []byte) error {
	if _, err := j.f.Write(b); err != nil {
		j.cut()
		return &atomicfile.Error{Path: j.path, Err: err}
	}
	j.size += int64(len(b))
	return nil
}

// Append adds a record. If that fails, earlier records stay.
func (j *Journal) Append(record []byte) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	if err := j.write(frame(record)); err != nil {
		return err
	}
	if !j.pending {
		j.pending = true
		time.AfterFunc(Every, j.sync)
	}
	return nil
}

// sync puts the records on the disk.
func (j *Journal) sync() {
	j.mu.Lock()
	f := j.f
	j.pending = false
	j.mu.Unlock()
	if f == nil {
		return
	}
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		j.mu.Lock()
		j.failed = &atomicfile.Error{Path: j.path, Err: err}
		j.mu.Unlock()
	}
}

// Replace replaces all records by one. A work with one growing state calls it every Every. The new
// state is on the disk before it replaces the old one.
func (j *Journal) Replace(record []byte) (err error) {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	making := j.path + ".new" // who has the lock is alone
	defer func() {
		if err != nil {
			os.Remove(making)
			err = &atomicfile.Error{Path: j.path, Err: err}
		}
	}()
	f, err := os.OpenFile(making, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	b := bytes.Join([][]byte{j.key, frame(record)}, nil)
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(making, j.path)
	}
	if err != nil {
		f.Close()
		return err
	}
	j.f.Close()
	j.f, j.size = f, int64(len(b))
	return nil
}

// Close syncs the records and leaves the journal for a later work.
func (j *Journal) Close() error { return j.end(false) }

// Remove removes the journal of a finished work.
func (j *Journal) Remove() error { return j.end(true) }

func (j *Journal) end(remove bool) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.f == nil {
		return nil
	}
	var err error
	if remove {
		err = os.Remove(j.path)
	} else if err = j.f.Sync(); j.size <= int64(len(j.key)) {
		err = os.Remove(j.path) // it has nothing to go on with
	}
	err = errors.Join(err, j.f.Close())
	j.f = nil
	if err != nil {
		return &atomicfile.Error{Path: j.path, Err: err}
	}
	return nil
}
