// Package model makes language models ready to run. It reads configuration and weights, builds the
// TorchScript module, names its hook points, and runs it.
package model

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/choices"
	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/torch"
)

// Options say how to open a model.
type Options struct {
	Device    torch.Device // the device on which it runs
	Attention Attention    // SDPA unless set; an archive has its own
	DType     DType        // Auto unless set; an archive has its own
	Names     Names        // of a TorchScript archive without a sidecar
	Adapter   string       // the folder or name of a LoRA adapter to merge into the weights, "" for none
	Fetch     Fetch        // fetches a model or adapter that the local cache lacks; nil makes that an error

	// DeviceNote, for manifests, says why Device is not another one (see torch.AutoDevice).
	DeviceNote string
}

// A Model is a language model with its weights in memory, ready for runs with hooks. Several
// goroutines can call its methods.
type Model struct {
	Name      string         // for people: the folder, or the name it was asked for
	Dir       string         // its folder, or its TorchScript archive; "" for the embedded model
	Config    *config.Config // nil for an archive without one
	Sizes     Sizes
	Attention Attention // "" if an archive does not show it
	Device    torch.Device
	DType     torch.DType
	// DeviceNote is the one of the Options.
	DeviceNote string
	Adapter    string // the folder of the adapter that was merged into the weights, or ""
	Layout     Layout
	Points     *hooks.Points
	Warnings   []string // sentences on what is unusual about the checkpoint

	tokenizer  func() (*token.Tokenizer, error)
	weights    *weights // nil for an archive
	archive    *archive // nil for all else
	tree       node     // what was built; not of an archive
	apart      bool     // blocks can be run one by one
	root       *torch.Module
	norm, head *torch.Module
	built      map[string]*torch.Module
	kernels    kernels
	headComes  sync.Once
	tied       bool
}

// A ChoiceError says that a model does not have what was asked for.
type ChoiceError = choices.Error

func choice(format string, a ...any) error { return choices.Errorf(format, a...) }

// Tokenizer returns the tokenizer of the model's folder. If the folder has none and the vocabulary
// has GPT-2's size, it returns GPT-2's.
func (m *Model) Tokenizer() (*token.Tokenizer, error) { return m.tokenizer() }

// Tied reports whether unembedding and token embedding share their weights.
func (m *Model) Tied() bool { return m.tied }

// Close closes the model and its weights.
func (m *Model) Close() error {
	if m.Points != nil {
		m.Points.Close()
	}
	for _, b := range m.built {
		b.Close()
	}
	m.kernels.Close()
	m.root.Close()
	if m.archive != nil {
		m.head.Close()
		return m.archive.Close()
	}
	return m.weights.Close()
}

// build makes the module of a configuration and its weights, and takes over w.
func build(name string, c *config.Config, w *weights, o Options) (*Model, error) {
	asked := o.Attention
	switch {
	case asked != "" && asked != SDPA && asked != Eager:
		w.Close()
		return nil, fmt.Errorf("model: no attention is called %q: it is %s or %s", o.Attention, SDPA, Eager)
	case c.Arch.EagerOnly:
		o.Attention = Eager
	case asked == "":
		o.Attention = SDPA
	}
	m := &Model{Name: name, Config: c, Sizes: sizesOf(c.Arch), Attention: o.Attention, Device: o.Device, DeviceNote: o.DeviceNote, DType: w.dtype, weights: w,
		built: map[string]*torch.Module{}, kernels: newKernels()}
	if asked == SDPA && o.Attention == Eager {
		m.Warnings = append(m.Warnings, fmt.Sprintf("transformers has no sdpa attention for the family %s: it is eager here as well", c.Type))
	}
	if a := w.adapter; a != nil {
		a.arch = c.Arch
		m.Adapter = a.Dir
		m.Name += "+" + a.label
	}
	if s := w.adapter.strangeBase(name); s != "" {
		m.Warnings = append(m.Warnings, s)
	}
	for _, note := range c.Notes {
		m.Warnings = append(m.Warnings, "config.json: "+note)
	}
	if err := m.assemble(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Model) assemble() error {
	w := m.weights
	names := m.Config.Arch.Names
	w.findPrefix(names.Prefix, names.Tokens+".weight", names.Blocks+".0."+names.Norm1+".weight")
	headKey, err := m.headKey()
	if err != nil {
		return err
	}
	tree, layout := plan(m.Config.Arch, m.Attention, headKey)
	m.Layout, m.tree, m.apart = layout, tree, true
	u, err := torch.NewUnit()
	if err != nil {
		return err
	}
	if m.root, err = tree.build(u, w, m.built); err != nil {
		return err
	}
	if err := m.root.Interpose(); err != nil {
		return err
	}
	m.Points = hooks.NewPoints(m.root)
	tree.register(m.Points, m.built)
	m.aliasStreams()
	m.aliasNames(names)
	m.norm, m.head = m.built[layout.Norm], m.built[layout.Head]
	m.addHeads()
	m.addForeign()
	if err := m.preparePlain(); err != nil {
		return err
	}
	if err := w.adapter.finish(); err != nil {
		return err
	}
	if odd := w.unused(); len(odd) > 0 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%s holds %d tensors that this architecture does not use, such as %s", w.from, len(odd), odd[0]))
	}
	return nil
}

// aliasStreams names the residual stream before and after each block.
func (m *Model) aliasStreams() {
	before := m.Layout.Embed
	for _, b := range m.Layout.Blocks {
		m.Points.Alias(b.Out+".resid_pre", before)
		m.Points.Alias(b.Out+".resid_post", b.Out)
		before = b.Out
	}
}

// aliasNames adds the names of points with the family's prefix, and GPT-2's names of blocks and
// their parts.
func (m *Model) aliasNames(n config.Names) {
	for _, p := range m.Points.Names() {
		if p != n.Head && n.Prefix != "transformer." { // that one is known anyway
			m.Points.Alias(n.Prefix+p, p)
		}
	}
	before := m.Layout.Embed
	for i, b := range m.Layout.Blocks {
		at := "h." + strconv.Itoa(i)
		for alias, p := range map[string]string{at: b.Out, at + ".resid_mid": b.Mid, at + ".attn": b.Attention, at + ".mlp": b.Out + "." + cmp.Or(n.MLP, "mlp"),
			at + ".resid_pre": before, at + ".resid_post": b.Out} {
			if p != "" && alias != p {
				m.Points.Alias(alias, p)
			}
		}
		before = b.Out
	}
}

// headKey returns the checkpoint's tensor that is the unembedding.
func (m *Model) headKey() (string, error) {
	own, embedding := m.Config.Arch.Names.Head+".weight", m.Config.Arch.Names.Tokens+".weight"
	m.tied = m.Config.Arch.Tied
	if m.tied && !m.weights.has(embedding) && m.weights.has(own) {
		// Of tensors that share memory safetensors keeps one name, which may be the head's.
		m.weights.alias = map[string]string{embedding: own}
		return embedding, nil
	}
	if m.tied && m.weights.has(own) {
		same, err := m.weights.same(own, embedding)
		if err != nil {
			return "", err
		}
		if !same { // as transformers does, the file's own head wins
			m.tied = false
			m.Warnings = append(m.Warnings, fmt.Sprintf("config.json ties the head to the embedding, but %s holds another %s: that one is used", m.weights.from, own))
		}
		m.weights.note(own)
	}
	switch {
	case m.tied:
		return embedding, nil
	case m.weights.has(own):
		return own, nil
	}
	return "", fmt.Errorf("model: config.json says that the head is not tied to the embedding, but %s has no tensor %s", m.weights.from, own)
}

// isFile reports whether path exists and is not a folder.
func isFile(path string) bool {
	s, err := os.Stat(path)
	return err == nil && !s.IsDir()
}
