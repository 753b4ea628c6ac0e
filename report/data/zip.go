package data

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// A storedZip writes a zip archive of uncompressed members. Each member's size and CRC-32
// stand in the header in front of the member, so that the archive can be read from front
// to back, and be written to a pipe. archive/zip writes both behind the member instead,
// which readers without a seek (java.util.zip.ZipInputStream, stream-unzip, cnpy) refuse.
// The archive has no times: equal members give equal bytes.
type storedZip struct {
	w       io.Writer
	at      uint64 // bytes written so far
	members []zipMember

	// Sizes and offsets from most32 on, and from most16 members on, take the fields of
	// zip64. Tests lower both.
	most32, most16 uint64
}

type zipMember struct {
	name      string
	crc       uint32
	size      uint64
	at        uint64 // of its header
	longSize  bool   // the size takes zip64's field
	longPlace bool   // at does
}

func newStoredZip(w io.Writer) *storedZip {
	return &storedZip{w: w, most32: math.MaxUint32, most16: math.MaxUint16}
}

const (
	zipVersion   = 20
	zip64Version = 45
	zipUTF8      = 1 << 11       // names are UTF-8
	zipDate      = 1<<5 | 1      // 1 January 1980, the format's first day; 0 is no date
	zipNoTime    = zipDate << 16 // with the time 00:00:00 below it
	zip64Extra   = 0x0001
)

// add writes a member. write is called twice with the same result: for the size and the
// checksum, and for the bytes.
func (z *storedZip) add(name string, write func(io.Writer) error) error {
	sum := &summing{}
	if err := write(sum); err != nil {
		return err
	}
	m := zipMember{name: name, crc: sum.crc, size: sum.size, at: z.at, longSize: sum.size >= z.most32, longPlace: z.at >= z.most32}
	b := binary.LittleEndian.AppendUint32(nil, 0x04034b50)
	b = m.append(b, m.longSize)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)))
	extra := []byte(nil)
	if m.longSize {
		extra = zip64Field(m.size, m.size)
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(extra)))
	b = append(append(b, name...), extra...)
	if err := z.write(b); err != nil {
		return err
	}
	before := z.at
	if err := write(zipBody{z}); err != nil {
		return err
	}
	if z.at-before != m.size {
		return fmt.Errorf("the member %s has %d bytes, and then %d", name, m.size, z.at-before)
	}
	z.members = append(z.members, m)
	return nil
}

// append appends the fields that a member's header and its entry in the directory share:
// from the version to the sizes.
func (m *zipMember) append(b []byte, zip64 bool) []byte {
	version, size := uint16(zipVersion), uint32(m.size)
	if zip64 {
		version = zip64Version
	}
	if m.longSize {
		size = math.MaxUint32
	}
	b = binary.LittleEndian.AppendUint16(b, version)
	b = binary.LittleEndian.AppendUint16(b, zipUTF8)
	b = binary.LittleEndian.AppendUint16(b, 0) // stored
	b = binary.LittleEndian.AppendUint32(b, zipNoTime)
	b = binary.LittleEndian.AppendUint32(b, m.crc)
	b = binary.LittleEndian.AppendUint32(b, size) // compressed
	return binary.LittleEndian.AppendUint32(b, size)
}

// zip64Field returns the extra field with the numbers that do not fit into 32 bits.
func zip64Field(values ...uint64) []byte {
	b := binary.LittleEndian.AppendUint16(nil, zip64Extra)
	b = binary.LittleEndian.AppendUint16(b, uint16(8*len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// close writes the directory, which ends the archive.
func (z *storedZip) close() error {
	from := z.at
	for i := range z.members {
		if err := z.write(z.members[i].entry()); err != nil {
			return err
		}
	}
	size, n := z.at-from, uint64(len(z.members))
	var b []byte
	if n >= z.most16 || size >= z.most32 || from >= z.most32 {
		end := z.at
		b = binary.LittleEndian.AppendUint32(b, 0x06064b50)
		b = binary.LittleEndian.AppendUint64(b, 44) // bytes that follow
		b = binary.LittleEndian.AppendUint16(b, zip64Version)
		b = binary.LittleEndian.AppendUint16(b, zip64Version)
		b = binary.LittleEndian.AppendUint64(b, 0) // both on the first disk
		for _, v := range []uint64{n, n, size, from} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		b = binary.LittleEndian.AppendUint32(b, 0x07064b50)
		b = binary.LittleEndian.AppendUint32(b, 0)
		b = binary.LittleEndian.AppendUint64(b, end)
		b = binary.LittleEndian.AppendUint32(b, 1) // disk in all
		n, size, from = math.MaxUint16, math.MaxUint32, math.MaxUint32
	}
	b = binary.LittleEndian.AppendUint32(b, 0x06054b50)
	b = binary.LittleEndian.AppendUint32(b, 0) // both on the first disk
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	b = binary.LittleEndian.AppendUint16(b, uint16(n))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(from))
	return z.write(binary.LittleEndian.AppendUint16(b, 0)) // no comment
}

// entry returns a member's entry in the directory.
func (m *zipMember) entry() []byte {
	var long []uint64
	at := uint32(m.at)
	if m.longSize {
		long = append(long, m.size, m.size)
	}
	if m.longPlace {
		long, at = append(long, m.at), math.MaxUint32
	}
	var extra []byte
	if long != nil {
		extra = zip64Field(long...)
	}
	b := binary.LittleEndian.AppendUint32(nil, 0x02014b50)
	b = binary.LittleEndian.AppendUint16(b, zip64Version) // of the writer
	b = m.append(b, long != nil)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(m.name)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(extra)))
	b = append(b, make([]byte, 10)...) // no comment, the first disk, no attributes
	b = binary.LittleEndian.AppendUint32(b, at)
	return append(append(b, m.name...), extra...)
}

func (z *storedZip) write(b []byte) error {
	n, err := z.w.Write(b)
	z.at += uint64(n)
	return err
}

// zipBody writes a member's bytes.
type zipBody struct{ z *storedZip }

func (b zipBody) Write(p []byte) (int, error) { return len(p), b.z.write(p) }

// summing is a writer that only measures.
type summing struct {
	crc  uint32
	size uint64
}

func (s *summing) Write(p []byte) (int, error) {
	s.crc = crc32.Update(s.crc, crc32.IEEETable, p)
	s.size += uint64(len(p))
	return len(p), nil
}
