package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/golens/golens/internal/atomicfile"
	"github.com/golens/golens/internal/version"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/model/torchscript"
	"github.com/golens/golens/torch"
)

// Export writes the model as a TorchScript archive with its sidecar. If the tokenizer is not
// GPT-2's, it goes to a folder next to them. The archive is read back and compared before any file
// appears under its name.
//
// In Python, torch.jit.load runs the archive with the same bits, once the graph optimizer is off:
// torch._C._set_graph_executor_optimize(False).
func (m *Model) Export(path string) error {
	switch {
	case m.archive != nil:
		return choice("model: %s is a TorchScript archive already: copy it and its sidecar %s", m.Dir, m.Dir+SidecarExt)
	case !m.Device.Host():
		return fmt.Errorf("model: an archive is written from the CPU: open the model there")
	case !strings.HasSuffix(path, ".pt"):
		return choice("model: export %s: the name of an archive ends in .pt", path)
	}
	side, err := m.sidecar()
	if err != nil {
		return err
	}
	if err := m.export(path, side); err != nil {
		return fmt.Errorf("model: export %s: %w", path, err)
	}
	return nil
}

// export writes both files under temporary names, reads them back, and renames them, the sidecar
// first. A crash between the two leaves a sidecar whose digest is of another archive. Opening the
// pair refuses it.
func (m *Model) export(path string, side *Sidecar) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Drop()
	making, err := f.Passing()
	if err != nil {
		return err
	}
	if err := m.save(making); err != nil {
		return err
	}
	made, err := torchscript.Check(making)
	if err != nil {
		return err
	}
	side.Archive = made.Directory
	if err := m.tokenizerBeside(path, side); err != nil {
		return err
	}
	defer os.Remove(making + SidecarExt)
	if err := side.write(making); err != nil {
		return err
	}
	if side.Weights, err = m.sameAs(making); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if err := side.write(path); err != nil {
		return err
	}
	return f.Close()
}

// save writes a second module with the same tensors, because classes that are ready for hooks
// cannot be saved.
func (m *Model) save(path string) error {
	u, err := torch.NewUnit()
	if err != nil {
		return err
	}
	built := map[string]*torch.Module{}
	defer func() {
		for _, b := range built {
			b.Close()
		}
	}()
	root, err := m.tree.build(u, m.weights, built)
	if err != nil {
		return err
	}
	defer root.Close()
	return root.Save(path)
}

// sidecar describes the archive of Export. Its modules have golens's names, and the points give
// them PyTorch's.
func (m *Model) sidecar() (*Sidecar, error) {
	lib, err := torch.Describe()
	if err != nil {
		return nil, err
	}
	s := &Sidecar{Attention: m.Attention, DType: m.DType.String(), Config: m.Config.Raw, Points: map[string]string{}}
	if s.Made, err = json.Marshal(map[string]string{"by": "golens", "golens": version.String(), "torch": lib.Version}); err != nil {
		return nil, err
	}
	paths := map[string]string{}
	m.tree.paths("", paths)
	first := m.Layout.Blocks[0]
	block := paths[first.Out]
	star := func(s string) string { return strings.TrimSuffix(s, "0") + "*" }
	s.Names.Embed, s.Names.Norm, s.Names.Head = paths[m.Layout.Embed], paths[m.Layout.Norm], paths[m.Layout.Head]
	s.Names.Blocks = star(block)
	within := func(point string) string { return strings.TrimPrefix(paths[point], block+".") }
	s.Block = blockNames{Mid: within(first.Mid), Attn: within(first.Attn), MLP: within(first.MLP)}
	for point, path := range paths {
		switch {
		case point == first.Out || strings.HasPrefix(point, first.Out+"."):
			s.Points[star(first.Out)+strings.TrimPrefix(point, first.Out)] = star(block) + strings.TrimPrefix(path, block)
		case !m.inBlock(point):
			s.Points[point] = path
		}
	}
	return s, nil
}

// inBlock reports whether a point is a block or inside one.
func (m *Model) inBlock(point string) bool {
	for _, b := range m.Layout.Blocks {
		if point == b.Out || strings.HasPrefix(point, b.Out+".") {
			return true
		}
	}
	return false
}

// paths adds the path of every module that is a point, by the point's name.
func (n node) paths(at string, to map[string]string) {
	if n.point != "" {
		to[n.point] = at
	}
	for _, c := range n.children {
		path := c.slot
		if at != "" {
			path = at + "." + c.slot
		}
		c.paths(path, to)
	}
}

// tokenizerBeside names the tokenizer in the sidecar. If it is not GPT-2's, it also writes the
// tokenizer into a folder next to the archive.
func (m *Model) tokenizerBeside(path string, s *Sidecar) error {
	t, err := m.Tokenizer()
	if err != nil {
		return nil // the archive is as good as the folder: it takes ids
	}
	own, err := token.GPT2()
	if err != nil {
		return err
	}
	if t.Digest() == own.Digest() {
		s.Tokenizer = gpt2Tokenizer
		return nil
	}
	dir := strings.TrimSuffix(path, ".pt") + ".tokenizer"
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	s.Tokenizer = filepath.Base(dir)
	return t.Save(dir)
}

// sameAs opens an archive of the model, compares every tensor and the logits of a few tokens, and
// returns the digest of the tensors that it read back.
func (m *Model) sameAs(path string) (string, error) {
	a, err := openArchive(path, Options{})
	if err != nil {
		return "", err
	}
	defer a.Close()
	for _, t := range a.archive.tensors {
		if t.of >= 0 {
			continue // a tied head: it lies in the memory of another
		}
		mine, ok := m.weights.made[m.weights.nameOf(t.key, m.Config.Arch.Names.Prefix)]
		if !ok {
			return "", fmt.Errorf("it holds a tensor %s, which the model has not", t.key)
		}
		same, err := sameBytes(mine, t.value)
		if err != nil {
			return "", err
		}
		if !same {
			return "", fmt.Errorf("its tensor %s is not the model's", t.key)
		}
	}
	if err := m.sameLogits(a); err != nil {
		return "", err
	}
	return a.Digest()
}

// sameLogits compares the logits of a few tokens. It uses several, because those of a single token
// can depend on where weights are in memory.
func (m *Model) sameLogits(a *Model) error {
	ids := make([]int64, min(6, m.Sizes.Context))
	for i := range ids {
		ids[i] = int64(i * 31 % m.Sizes.Vocab)
	}
	var logits [2][]byte
	for i, x := range []*Model{m, a} {
		err := x.Hold(context.Background(), func(s Session) error {
			run, err := s.Forward(ids, nil)
			if err != nil {
				return err
			}
			defer run.Close()
			logits[i], err = torch.Bytes(run.Results[0])
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(ids) > 1 && string(logits[0]) != string(logits[1]) {
		return errors.New("it runs, but its logits are not the model's")
	}
	return nil
}

func sameBytes(a, b *torch.Tensor) (bool, error) {
	x, err := torch.Bytes(a)
	if err != nil {
		return false, err
	}
	y, err := torch.Bytes(b)
	return err == nil && string(x) == string(y), err
}
