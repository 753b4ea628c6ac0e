package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/internal/atomicfile"
	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/model/torchscript"
	"github.com/golens/golens/torch"
)

// Import writes a TorchScript archive as a Hugging Face folder: config.json, model.safetensors
// with transformers' names of the weights, and the tokenizer's files if they are known. Each
// weight equals the archive's bit for bit.
//
// dir must not exist or be empty; it appears complete or not at all. configFile is the config.json
// to use, or "" for the sidecar's.
func Import(path, dir, configFile string, n Names) (err error) {
	fail := func(err error) error { return fmt.Errorf("model: import %s: %w", path, err) }
	if !torchscript.Is(path) {
		return fail(errors.New("it is no TorchScript archive (.pt)"))
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fail(fmt.Errorf("the folder %s is not empty", dir))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	m, err := openArchive(path, Options{Names: n})
	if err != nil {
		return err
	}
	defer m.Close()
	raw, err := importConfig(m.archive.sidecar, configFile, m.DType)
	if err != nil {
		return fail(err)
	}
	c, err := config.Parse(raw)
	if err != nil {
		return fail(fmt.Errorf("config: %w", err))
	}
	tensors, err := m.archive.checkpoint(c)
	if err != nil {
		return fail(err)
	}
	making, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".import-*")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(making)
	if err := m.writeFolder(making, raw, tensors); err != nil {
		return fail(err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	if err := errors.Join(os.Chmod(making, 0o755), os.Rename(making, dir)); err != nil {
		return fail(err)
	}
	return nil
}

// importConfig returns the text of config.json. Its dtype becomes what the archive
// holds.
func importConfig(s *Sidecar, file string, d torch.DType) ([]byte, error) {
	var raw []byte
	switch {
	case file != "":
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		raw = b
	case s != nil && len(s.Config) > 0:
		raw = s.Config
	default:
		return nil, ErrNoConfig
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	delete(fields, "torch_dtype")
	fields["dtype"] = json.RawMessage(strconv.Quote(d.String()))
	return json.MarshalIndent(fields, "", "  ")
}

// checkpoint returns the tensors of a configuration's checkpoint. The archive must
// have every one in its shape, and none besides.
func (a *archive) checkpoint(c *config.Config) ([]safetensors.Tensor, error) {
	prefix, headKey := c.Arch.Names.Prefix, c.Arch.Names.Head+".weight"
	have := map[string]archiveTensor{}
	for _, t := range a.tensors {
		have[t.key] = t
	}
	tree, _ := plan(c.Arch, SDPA, headKey)
	var out []safetensors.Tensor
	for _, p := range tree.allParams(nil) {
		key := prefix + p.key
		if strings.HasPrefix(p.key, c.Arch.Names.Head+".") {
			key = p.key
		}
		t, ok := have[key]
		if !ok {
			return nil, fmt.Errorf("it has no tensor %s, which a checkpoint of this configuration has; its tensors are called %s, and so on", key, a.someKeys())
		}
		if !slices.Equal(t.value.Shape(), p.shape) {
			return nil, fmt.Errorf("its tensor %s has the shape %v, and the configuration asks for %v", key, t.value.Shape(), p.shape)
		}
		delete(have, key)
		if key == headKey && c.Arch.Tied {
			same, err := t.isTensor(a.keyed(prefix + c.Arch.Names.Tokens + ".weight"))
			if err != nil {
				return nil, err
			}
			if same {
				continue
			}
		}
		out = append(out, safetensors.Tensor{Name: key, DType: storedTypes[t.value.DType()], Shape: p.shape, Data: &tensorReader{t: t.value}})
	}
	for key := range have {
		if !isMask(key) {
			return nil, fmt.Errorf("it has a tensor %s, for which a checkpoint of this configuration has no place", key)
		}
	}
	return out, nil
}

func (a *archive) someKeys() string {
	var out []string
	for _, t := range a.tensors[:min(3, len(a.tensors))] {
		out = append(out, t.key)
	}
	return strings.Join(out, ", ")
}

// allParams appends the tensors of the node and of all below it.
func (n node) allParams(to []param) []param {
	to = append(to, n.params...)
	for _, c := range n.children {
		to = c.allParams(to)
	}
	return to
}

// writeFolder fills a folder, reads it back and compares the weights.
func (m *Model) writeFolder(dir string, raw []byte, tensors []safetensors.Tensor) error {
	text := func(w io.Writer) error { _, err := w.Write(append(raw, '\n')); return err }
	if err := atomicfile.WriteFile(context.Background(), filepath.Join(dir, config.FileName), text); err != nil {
		return err
	}
	if err := safetensors.WriteFile(filepath.Join(dir, "model.safetensors"), map[string]string{"format": "pt"}, tensors...); err != nil {
		return err
	}
	set, err := safetensors.Open(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		return err
	}
	defer set.Close()
	got, err := set.Digest()
	if err != nil {
		return err
	}
	for i := range tensors {
		tensors[i].Data.(*tensorReader).rewind()
	}
	want, err := safetensors.DigestOf(tensors...)
	if err != nil {
		return err
	}
	if got != want {
		return errors.New("the weights read back are not those that were written")
	}
	if t, err := m.Tokenizer(); err == nil {
		return t.Save(dir)
	}
	return nil
}

// isTensor reports whether t has the bytes of another.
func (t archiveTensor) isTensor(other *torch.Tensor) (bool, error) {
	if other == nil || !slices.Equal(t.value.Shape(), other.Shape()) {
		return false, nil
	}
	if t.value.SharesStorage(other) {
		return true, nil
	}
	return sameBytes(t.value, other)
}
