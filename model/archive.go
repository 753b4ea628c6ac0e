package model

import (
	"cmp"
	"fmt"
	"strings"
	"sync"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/digests"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/model/torchscript"
	"github.com/golens/golens/torch"
)

// gpt2Tokenizer names GPT-2's own tokenizer where a folder is expected.
const gpt2Tokenizer = "gpt2"

// An archive is the module of a TorchScript file, with its known properties. Its forward takes ids
// [1,T]. The first tensor of the result is the logits [1,T,V].
type archive struct {
	path    string
	sidecar *Sidecar // nil where the file has none
	names   Names    // complete
	prefix  string   // of a checkpoint's keys, but for the head's
	tensors []archiveTensor
	stamp   digests.Stamp // of the file that the tensors were read from; zero where that is not sure
}

func (a *archive) Close() error {
	for _, t := range a.tensors {
		t.value.Close()
	}
	return nil
}

// openArchive opens a TorchScript file as a model. It fuses and folds nothing, so the model gives
// the numbers of torch.jit.load with the graph optimizer off.
func openArchive(path string, o Options) (*Model, error) {
	file, err := torchscript.Check(path)
	if err != nil {
		return nil, err
	}
	side, err := readSidecar(path)
	if err != nil {
		return nil, err
	}
	if side != nil && side.Archive != "" && side.Archive != file.Directory {
		return nil, fmt.Errorf("model: the sidecar %s is of another archive than %s (their digests differ), as after an export that was broken off: export the model again", path+SidecarExt, path)
	}
	attention := attentionOf(file)
	if side != nil {
		attention = cmp.Or(side.Attention, attention)
	}
	if o.Attention != "" && o.Attention != attention {
		return nil, &FixedError{path, "attention", cmp.Or(string(attention), "of a kind that its code does not show"), string(o.Attention)}
	}
	m := &Model{Name: path, Dir: path, Attention: attention, Device: o.Device, DeviceNote: o.DeviceNote, built: map[string]*torch.Module{},
		archive: &archive{path: path, sidecar: side}}
	if err := m.load(o.Names); err != nil {
		m.Close()
		return nil, fmt.Errorf("model: %s: %w", path, err)
	}
	if o.DType != "" && o.DType != Auto && string(o.DType) != m.DType.String() {
		defer m.Close()
		return nil, &FixedError{path, "dtype", m.DType.String(), string(o.DType)}
	}
	tokenizer := cmp.Or(o.Names.Tokenizer, side.tokenizerOf(path))
	m.tokenizer = sync.OnceValues(func() (*token.Tokenizer, error) { return archiveTokenizer(path, tokenizer, m.Sizes.Vocab) })
	return m, nil
}

// attentionOf returns the kind of attention that an archive's code shows, or "".
func attentionOf(a *torchscript.Archive) Attention {
	switch {
	case a.SDPA:
		return SDPA
	case a.Softmax:
		return Eager
	}
	return ""
}

// archiveTokenizer opens a tokenizer by its folder or "gpt2". Without a name, it opens GPT-2's if
// the vocabulary has that size.
func archiveTokenizer(path, name string, size int) (*token.Tokenizer, error) {
	if name != "" && name != gpt2Tokenizer {
		return token.Open(name)
	}
	t, err := token.GPT2()
	if err == nil && name == "" && t.Size() != size {
		return nil, &TokenizerError{path, size}
	}
	return t, err
}

// load reads the file, finds its parts, prepares it for hooks, and tries it.
func (m *Model) load(given Names) error {
	a := m.archive
	c, err := a.sidecar.config()
	if err != nil {
		return err
	}
	a.prefix = "transformer."
	if c != nil {
		a.prefix = c.Arch.Names.Prefix
	}
	if err := m.loadRoot(); err != nil {
		return err
	}
	t, err := treeOf(m.root)
	if err != nil {
		return err
	}
	if a.names, err = t.complete(a.sidecar.names(given)); err != nil {
		return err
	}
	blocks, err := t.blocks(a.names.Blocks)
	if err != nil {
		return err
	}
	if !m.root.HasMethod("forward") {
		return fmt.Errorf("it has no method forward")
	}
	if err := m.root.Interpose(); err != nil {
		return err
	}
	point, err := m.addPoints(t, blocks)
	if err != nil {
		return err
	}
	m.Layout = m.layoutOf(t, blocks, point)
	m.aliasStreams()
	m.norm = m.built[m.Layout.Norm]
	if err := a.collect(m.root, t, point); err != nil {
		return err
	}
	if m.head, err = m.archiveHead(c); err != nil {
		return err
	}
	m.Config = c
	m.Sizes.Blocks = len(blocks)
	m.sizesFrom(c)
	m.addHeads()
	m.addForeign()
	m.apart = m.root.HasMethod("around_block") && m.root.HasMethod("embed")
	return m.try()
}

// addPoints names every module of the archive, and returns the names by path.
func (m *Model) addPoints(t *tree, blocks []string) (map[string]string, error) {
	m.Points = hooks.NewPoints(m.root)
	named := m.archive.sidecar.points(len(blocks))
	wrapper, trunk := m.archive.names.wrapper()
	point := map[string]string{}
	for _, path := range t.paths {
		if path == "" || path+"." == wrapper || path+"." == trunk {
			continue
		}
		name, ok := named[path]
		if !ok {
			name = strings.TrimPrefix(path, trunk)
			name = strings.TrimPrefix(name, wrapper)
		}
		module, err := m.root.Child(path)
		if err != nil {
			return nil, err
		}
		point[path], m.built[name] = name, module
		m.Points.Add(name, module)
		for _, alias := range []string{path, strings.TrimPrefix(path, wrapper)} {
			if alias = strings.TrimPrefix(alias, "transformer."); alias != name {
				m.Points.Alias(alias, name)
			}
		}
	}
	for path, name := range named {
		if point[path] == "" {
			return nil, fmt.Errorf("its sidecar names the module %s (%s), and there is none", path, name)
		}
	}
	return point, nil
}

// checkTrunk refuses hooks at the unembedding. An archive runs it with the blocks, and its result
// there is not used.
func (m *Model) checkTrunk(h *hooks.Registry) error {
	for _, p := range h.Points() {
		name, err := m.Points.Canonical(p)
		if err != nil {
			return err
		}
		if name = strings.TrimSuffix(name, ":in"); name == m.Layout.Head || strings.HasPrefix(name, m.Layout.Head+".") {
			return choice("hooks: the point %s has no part in trunk, which ends with %s", p, m.Layout.Norm)
		}
	}
	return nil
}

// layoutOf names the parts of the model by their hook points.
func (m *Model) layoutOf(t *tree, blocks []string, point map[string]string) Layout {
	n := m.archive.names
	l := Layout{Embed: point[n.Embed], Norm: point[n.Norm], Head: point[n.Head]}
	var part blockNames
	if m.archive.sidecar != nil {
		part = m.archive.sidecar.Block
	}
	child := func(block string, names ...string) string {
		for _, name := range names {
			if name != "" && t.has[block+"."+name] {
				return point[block+"."+name]
			}
		}
		return ""
	}
	for _, b := range blocks {
		l.Blocks = append(l.Blocks, BlockPoints{Out: point[b], Mid: child(b, part.Mid),
			Attn: child(b, part.Attn, "attn", "attention", "self_attn"), MLP: child(b, part.MLP, "mlp", "feed_forward"),
			Attention:  child(b, "attn", "attention", "self_attn"),
			Projection: child(b, "attn.out", "attn.c_proj", "attention.dense", "self_attn.o_proj", "self_attn.out_proj", "self_attn.dense")})
	}
	return l
}

// archiveHead builds the unembedding from its tensors. The archive's own module cannot be used,
// because tracing passes the tied weight to it as an argument. That of an archive of Export is
// used as it is.
func (m *Model) archiveHead(c *config.Config) (*torch.Module, error) {
	at := m.archive.names.Head
	w, b := m.archive.find(at+".weight"), m.archive.find(at+".bias")
	if w == nil || len(w.Shape()) != 2 {
		return nil, &NamesError{fmt.Sprintf("its head %s has no weight of shape [V,C]", at)}
	}
	if d := w.DType(); d != torch.Float32 && d != torch.BFloat16 && d != torch.Float16 {
		return nil, fmt.Errorf("its weights are %v, and a lens reads float32, bfloat16 and float16", d)
	}
	m.DType = w.DType()
	m.Sizes.Vocab, m.Sizes.Width = int(w.Shape()[0]), int(w.Shape()[1])
	if c != nil && m.root.HasMethod("around_block") {
		m.Sizes.Width = c.Arch.Width
		return m.root.Child(at)
	}
	slots := []torch.Slot{{Name: "weight", Value: w}}
	if b != nil {
		if s := b.Shape(); len(s) != 1 || s[0] != w.Shape()[0] || b.DType() != w.DType() {
			return nil, fmt.Errorf("its head %s has a bias that does not fit its weight", at)
		}
		slots = append(slots, torch.Slot{Name: "bias", Value: b})
	}
	text, err := roleText("head")
	if err != nil {
		return nil, err
	}
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Head", text, slots...)
}

// sizesFrom fills in sizes that the unembedding's shape does not show. 0 stays for unknown.
func (m *Model) sizesFrom(c *config.Config) {
	for _, t := range m.archive.tensors {
		switch {
		case t.path == m.archive.names.Head+".weight" && t.of >= 0:
			m.tied = true
		case strings.HasSuffix("."+t.path, ".wpe.weight") && len(t.value.Shape()) == 2:
			m.Sizes.Context = int(t.value.Shape()[0])
		case t.of >= 0 && m.archive.tensors[t.of].path == m.archive.names.Head+".weight":
			m.tied = true
		}
	}
	if c != nil {
		m.Sizes.Context, m.Sizes.Heads, m.Sizes.HeadDim = c.Arch.Context, c.Arch.Heads, c.Arch.HeadDim
	}
}

// openArchiveTokenizer opens the tokenizer of an archive without its weights.
func openArchiveTokenizer(path string) (*token.Tokenizer, error) {
	side, err := readSidecar(path)
	if err != nil {
		return nil, err
	}
	name := side.tokenizerOf(path)
	if name == "" {
		return nil, fmt.Errorf("model: no tokenizer is named in a sidecar of %s (%s)", path, path+SidecarExt)
	}
	return archiveTokenizer(path, name, 0)
}
