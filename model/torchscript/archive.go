// Package torchscript reads the directory of a TorchScript archive (.pt) before libtorch loads it.
// It refuses a damaged archive, and one that would unpack to far more than its size.
package torchscript

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// Limits of what a TorchScript archive may ask of memory before libtorch reads
// it. Tensors are stored as they are and so are limited by the file's own size;
// only code and its debug information are packed.
const (
	maxMembers  = 1 << 17
	maxUnpacked = 256 << 20 // bytes of all packed members together, unpacked
)

// An Archive describes the code in an archive before it is loaded.
type Archive struct {
	SDPA    bool // it calls scaled_dot_product_attention
	Softmax bool // it calls softmax
	// Directory is the SHA-256 over the names, sizes and checksums of its members.
	Directory string
}

// Is reports whether path is a TorchScript archive, by its name or because it is a zip file.
func Is(path string) bool {
	if s, err := os.Stat(path); err != nil || s.IsDir() {
		return false
	}
	if strings.HasSuffix(path, ".pt") || strings.HasSuffix(path, ".pth") {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == "PK\x03\x04"
}

// Check reads a zip file except its tensors. It refuses a file that is no TorchScript archive, is
// damaged, or would unpack to far more than its size, so that libtorch meets no such file.
func Check(file string) (*Archive, error) {
	fail := func(format string, a ...any) (*Archive, error) {
		return nil, fmt.Errorf("model: %s is no TorchScript archive that can be used: %s", file, fmt.Sprintf(format, a...))
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		return fail("it is not a whole zip file (%v): was it cut short?", err)
	}
	defer z.Close()
	if len(z.File) > maxMembers {
		return fail("it has %d members, and no model has so many", len(z.File))
	}
	var stored, unpacked uint64
	members := map[string]*zip.File{}
	directory := sha256.New()
	for _, f := range z.File {
		fmt.Fprintf(directory, "%q %d %08x\n", f.Name, f.UncompressedSize64, f.CRC32)
		_, inner, ok := strings.Cut(f.Name, "/") // the first part is the archive's own name
		if !ok {
			return fail("it has a member called %.80q", f.Name)
		}
		if members[inner] != nil {
			return fail("it has the member %.80q twice", inner)
		}
		members[inner] = f
		switch {
		case f.Method == zip.Store && f.CompressedSize64 == f.UncompressedSize64:
		case f.Method == zip.Deflate && f.UncompressedSize64 <= maxUnpacked:
			unpacked += f.UncompressedSize64
		default:
			return fail("its member %.80q is packed in a way that PyTorch does not write, or unpacks to %d bytes", f.Name, f.UncompressedSize64)
		}
		stored += f.CompressedSize64
		if stored > uint64(info.Size()) || unpacked > maxUnpacked {
			return fail("its members would unpack to more than a file of %d bytes can hold", info.Size())
		}
	}
	for _, name := range []string{"data.pkl", "constants.pkl", "version"} {
		// The version of formats from 6 on, which some operations ask for, is elsewhere.
		if members[name] != nil || name == "version" && members[".data/version"] != nil {
			continue
		}
		if name == "constants.pkl" && members["data.pkl"] != nil {
			return fail("it has no constants.pkl, as a file of torch.save: write it with torch.jit.save, or with scripts/export_gpt2.py")
		}
		return fail("it has no %s", name)
	}
	a := &Archive{Directory: hex.EncodeToString(directory.Sum(nil))}
	for name, f := range members {
		if strings.HasPrefix(name, "data/") || strings.HasPrefix(name, "constants/") {
			continue
		}
		text, err := readMember(f)
		if err != nil {
			return fail("its member %.80q is damaged: %v", f.Name, err)
		}
		if strings.HasSuffix(name, ".pkl") {
			if err := checkPickle(text); err != nil {
				return fail("its member %.80q is damaged: %v", f.Name, err)
			}
		}
		if strings.HasPrefix(name, "code/") && strings.HasSuffix(name, ".py") {
			a.SDPA = a.SDPA || strings.Contains(text, "scaled_dot_product_attention")
			a.Softmax = a.Softmax || strings.Contains(text, "softmax(")
		}
	}
	return a, nil
}

// readMember reads a member whole; the zip reader compares its checksum.
func readMember(f *zip.File) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	return string(b), err
}
