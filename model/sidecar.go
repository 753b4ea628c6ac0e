package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/golens/golens/internal/atomicfile"
	"github.com/golens/golens/model/config"
)

// SidecarExt is the extension of a sidecar's name after the archive's: gpt2.pt.json for gpt2.pt.
const SidecarExt = ".json"

const (
	sidecarFormat  = "golens.torchscript"
	sidecarVersion = 1
	maxSidecar     = 16 << 20
)

// A Sidecar is the JSON file next to a TorchScript archive. It says where the parts of the model
// are, and how the archive was made. docs/archives.md describes its fields.
type Sidecar struct {
	Format  string `json:"format"`  // "golens.torchscript"
	Version int    `json:"version"` // 1

	Names struct {
		Embed  string `json:"embed,omitempty"`
		Blocks string `json:"blocks,omitempty"`
		Norm   string `json:"norm,omitempty"`
		Head   string `json:"head,omitempty"`
	} `json:"names"`
	Block blockNames `json:"block"` // parts of each block, relative to it

	// Points maps hook points to modules of the archive, where their names differ. A star
	// stands for the number of the block.
	Points map[string]string `json:"points,omitempty"`

	Attention Attention       `json:"attention,omitempty"`
	DType     string          `json:"dtype,omitempty"`
	Tokenizer string          `json:"tokenizer,omitempty"`      // "gpt2", or a folder, relative to the sidecar
	Weights   string          `json:"weights_sha256,omitempty"` // Model.Digest
	Archive   string          `json:"archive_sha256,omitempty"` // over the archive's directory: identifies the sidecar's archive
	Config    json.RawMessage `json:"config,omitempty"`         // the model's config.json
	Made      json.RawMessage `json:"made,omitempty"`           // the programs that made it, and their versions
}

// readSidecar returns the sidecar of an archive, or nil.
func readSidecar(archive string) (*Sidecar, error) {
	path := archive + SidecarExt
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("model: the sidecar: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSidecar+1))
	if err != nil {
		return nil, fmt.Errorf("model: the sidecar: %w", err)
	}
	s, err := ParseSidecar(data)
	if err != nil {
		return nil, fmt.Errorf("model: the sidecar %s: %w", path, err)
	}
	return s, nil
}

// ParseSidecar reads and checks the text of a sidecar.
func ParseSidecar(data []byte) (*Sidecar, error) {
	if len(data) > maxSidecar {
		return nil, fmt.Errorf("it has more than %d bytes, which none has", maxSidecar)
	}
	s := &Sidecar{}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("it is no JSON of the right form: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("it goes on after its end")
	}
	switch {
	case s.Format != sidecarFormat:
		return nil, fmt.Errorf(`it has the format %.40q, and a sidecar has %q: is it another file's?`, s.Format, sidecarFormat)
	case s.Version != sidecarVersion:
		return nil, fmt.Errorf("it has version %d, and this program reads version %d", s.Version, sidecarVersion)
	case s.Attention != "" && s.Attention != SDPA && s.Attention != Eager:
		return nil, fmt.Errorf("no attention is called %.40q: it is %s or %s", s.Attention, SDPA, Eager)
	}
	n := s.Names
	for what, path := range map[string]string{"names.embed": n.Embed, "names.norm": n.Norm, "names.head": n.Head,
		"block.resid_mid": s.Block.Mid, "block.attn": s.Block.Attn, "block.mlp": s.Block.MLP} {
		if path != "" && !dotted.MatchString(path) {
			return nil, fmt.Errorf("%s is %.80q, which is no dotted path", what, path)
		}
	}
	if n.Blocks != "" && !starred.MatchString(n.Blocks) {
		return nil, fmt.Errorf("names.blocks is %.80q: it is a dotted path with one star for the block's number", n.Blocks)
	}
	for name, path := range s.Points {
		one := strings.Count(name, "*") <= 1 && strings.Count(name, "*") == strings.Count(path, "*")
		if !one || !dotted.MatchString(unstar(name)) || !dotted.MatchString(unstar(path)) {
			return nil, fmt.Errorf("points has %.80q: %.80q; both are dotted paths, with one star each or none", name, path)
		}
	}
	if _, err := s.config(); err != nil {
		return nil, err
	}
	return s, nil
}

var (
	dotted  = regexp.MustCompile(`^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$`)
	starred = regexp.MustCompile(`^([A-Za-z0-9_]+\.)*\*(\.[A-Za-z0-9_]+)*$`)
)

func unstar(s string) string { return strings.Replace(s, "*", "0", 1) }

// config returns the model's configuration, or nil.
func (s *Sidecar) config() (*config.Config, error) {
	if s == nil || len(s.Config) == 0 || string(s.Config) == "null" {
		return nil, nil
	}
	c, err := config.Parse(s.Config)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return c, nil
}

// names returns the sidecar's names, each overridden by one that is given.
func (s *Sidecar) names(given Names) Names {
	if s == nil {
		return given
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{&given.Embed, s.Names.Embed}, {&given.Blocks, s.Names.Blocks}, {&given.Norm, s.Names.Norm}, {&given.Head, s.Names.Head}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	return given
}

// points returns the point names by module path. The numbers of n blocks replace stars.
func (s *Sidecar) points(n int) map[string]string {
	out := map[string]string{}
	if s == nil {
		return out
	}
	for name, path := range s.Points {
		if !strings.Contains(name, "*") {
			out[path] = name
			continue
		}
		for i := range n {
			number := func(p string) string { return strings.Replace(p, "*", fmt.Sprint(i), 1) }
			out[number(path)] = number(name)
		}
	}
	return out
}

// write writes the sidecar of an archive.
func (s *Sidecar) write(archive string) error {
	return atomicfile.WriteFile(context.Background(), archive+SidecarExt, s.text)
}

// text writes the sidecar's text.
func (s *Sidecar) text(w io.Writer) error {
	s.Format, s.Version = sidecarFormat, sidecarVersion
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// tokenizerOf returns the tokenizer that an archive's sidecar names, as a path from the working
// folder.
func (s *Sidecar) tokenizerOf(archive string) string {
	if s == nil {
		return ""
	}
	if s.Tokenizer == "" || s.Tokenizer == gpt2Tokenizer || filepath.IsAbs(s.Tokenizer) {
		return s.Tokenizer
	}
	return filepath.Join(filepath.Dir(archive), s.Tokenizer)
}
