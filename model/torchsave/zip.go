package torchsave

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxMembers is the largest number of members that is looked at.
const maxMembers = 1 << 20

// readZip reads the file of torch.save since PyTorch 1.6: data.pkl, and each storage's
// bytes as data/KEY, unpacked and aligned.
func readZip(r io.ReaderAt, size int64) (any, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is not a whole zip file (%w): was it cut short?", err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("it has %d members, and no checkpoint has so many", len(z.File))
	}
	members := map[string]*zip.File{}
	folder := ""
	for _, f := range z.File {
		top, inner, ok := strings.Cut(f.Name, "/")
		if !ok || folder != "" && top != folder {
			return nil, fmt.Errorf("its member %.80q is not in one folder with the others", f.Name)
		}
		folder = top
		if members[inner] != nil {
			return nil, fmt.Errorf("it has the member %.80q twice", inner)
		}
		members[inner] = f
	}
	switch {
	case members["constants.pkl"] != nil:
		return nil, errors.New("it is a TorchScript archive, not a file of torch.save; call it NAME.pt")
	case members["data.pkl"] == nil:
		return nil, errors.New("it has no data.pkl: it is not a file of torch.save")
	}
	if f := members["byteorder"]; f != nil {
		order, err := readMember(f, 100)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(string(order)) != "little" {
			return nil, fmt.Errorf("its numbers are stored as %.20q-endian; golens reads little-endian files", order)
		}
	}
	text, err := readMember(members["data.pkl"], 64<<20)
	if err != nil {
		return nil, err
	}
	rd := &reader{storages: map[string]*storage{}, place: func(s *storage) error {
		f := members["data/"+s.key]
		if f == nil {
			return fmt.Errorf("it has no bytes of the storage %.40q", s.key)
		}
		return placeMember(s, f, size)
	}}
	p := rd.newPickle(strings.NewReader(string(text)), int64(len(text)))
	top, err := p.Read()
	if err == nil && p.Offset() != int64(len(text)) {
		err = errors.New("its data.pkl goes on after its end")
	}
	return top, err
}

// IsScript reports whether a file is a zip file of torch.jit.save. Such a file has the constants
// of a program, and a file of torch.save has none.
func IsScript(path string) bool {
	z, err := zip.OpenReader(path)
	if err != nil {
		return false
	}
	defer z.Close()
	for _, f := range z.File {
		if _, inner, _ := strings.Cut(f.Name, "/"); inner == "constants.pkl" {
			return true
		}
	}
	return false
}

// placeMember finds where a storage's bytes lie in the file.
func placeMember(s *storage, f *zip.File, size int64) error {
	want := s.count * s.kind.bytes
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return fmt.Errorf("the storage %.40q is packed, which torch.save does not do", s.key)
	}
	if f.UncompressedSize64 != uint64(want) {
		return fmt.Errorf("the storage %.40q has %d bytes, and its %d elements take %d", s.key, f.UncompressedSize64, s.count, want)
	}
	at, err := f.DataOffset()
	if err != nil {
		return fmt.Errorf("the storage %.40q: %w", s.key, err)
	}
	if at < 0 || at > size || want > size-at {
		return fmt.Errorf("the storage %.40q lies outside the file", s.key)
	}
	s.at = at
	return nil
}

// readMember reads a member whole; the zip reader compares its checksum.
func readMember(f *zip.File, most int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(most) {
		return nil, fmt.Errorf("its member %.80q has %d bytes, and no checkpoint's has so many", f.Name, f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("its member %.80q: %w", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("its member %.80q is damaged: %w", f.Name, err)
	}
	return b, nil
}
