package model

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/torch"
)

// Names say where the parts of the model are in a TorchScript archive, as PyTorch's dotted paths.
// An archive with a sidecar needs none. An empty field is taken from the sidecar, or has the name
// of transformers' GPT-2.
type Names struct {
	Embed  string // the module whose output enters the first block: transformer.drop
	Blocks string // the blocks, with a star for the number: transformer.h.*
	Norm   string // the final norm: transformer.ln_f
	Head   string // the unembedding: lm_head

	Tokenizer string // "gpt2", or a folder with tokenizer.json, or vocab.json and merges.txt
}

// blockNames are the parts of a block, relative to it.
type blockNames struct {
	Mid  string `json:"resid_mid,omitempty"` // a module that returns the stream after attention was added
	Attn string `json:"attn,omitempty"`
	MLP  string `json:"mlp,omitempty"`
}

// A tree is the modules of an archive by path, in the order of the archive.
type tree struct {
	paths []string
	has   map[string]bool
	parts []torch.Part
}

func treeOf(m *torch.Module) (*tree, error) {
	parts, err := m.Parts()
	if err != nil {
		return nil, err
	}
	t := &tree{has: map[string]bool{}, parts: parts}
	for _, p := range parts {
		t.paths = append(t.paths, p.Path)
		t.has[p.Path] = true
	}
	return t, nil
}

// layouts are names to try if none are given: those of transformers' GPT-2, and of golens's own
// archives.
var layouts = []Names{
	{Embed: "transformer.drop", Blocks: "transformer.h.*", Norm: "transformer.ln_f", Head: "lm_head"},
	{Embed: "drop", Blocks: "blocks.*", Norm: "norm", Head: "head"},
}

// complete fills in the names that n leaves empty: from known layouts, at the top
// of the archive or inside one module that wraps the model.
func (t *tree) complete(n Names) (Names, error) {
	fill := func(l Names, wrapper string) Names {
		out := n
		for _, f := range []struct {
			to   *string
			from string
		}{{&out.Embed, l.Embed}, {&out.Blocks, l.Blocks}, {&out.Norm, l.Norm}, {&out.Head, l.Head}} {
			if *f.to == "" {
				*f.to = wrapper + f.from
			}
		}
		return out
	}
	wrappers := []string{""}
	for _, p := range t.paths {
		if p != "" && !strings.Contains(p, ".") {
			wrappers = append(wrappers, p+".")
		}
	}
	for _, w := range wrappers {
		for _, l := range layouts {
			if full := fill(l, w); t.missing(full) == "" {
				return full, nil
			}
		}
	}
	if len(t.paths) == 1 {
		return n, fmt.Errorf("it has no modules inside it, as after torch.jit.freeze or optimize_for_inference: hooks have nowhere to go. Save it before that")
	}
	full := fill(layouts[0], "")
	return full, &NamesError{fmt.Sprintf("%s; its modules are %s", t.missing(full), t.outline())}
}

// missing says which of the names is not in the archive, or returns "".
func (t *tree) missing(n Names) string {
	before, after, star := strings.Cut(n.Blocks, "*")
	switch {
	case !star || strings.Contains(after, "*"):
		return fmt.Sprintf("%q does not name blocks: write a star for their number, as in transformer.h.*", n.Blocks)
	case !t.has[before+"0"+after]:
		return fmt.Sprintf("it has no module %s0%s, the first block", before, after)
	}
	for _, f := range []struct{ what, path string }{{"final norm", n.Norm}, {"head", n.Head}, {"end of the embedding", n.Embed}} {
		if f.path == "" || !t.has[f.path] {
			return fmt.Sprintf("it has no module %s, the %s", f.path, f.what)
		}
	}
	return ""
}

// blocks returns the paths of the blocks, counted from 0 without a gap.
func (t *tree) blocks(pattern string) ([]string, error) {
	var out []string
	for i := 0; ; i++ {
		p := strings.Replace(pattern, "*", strconv.Itoa(i), 1)
		if !t.has[p] {
			break
		}
		out = append(out, p)
	}
	re := regexp.MustCompile("^" + strings.Replace(regexp.QuoteMeta(pattern), `\*`, `\d+`, 1) + "$")
	n := 0
	for _, p := range t.paths {
		if re.MatchString(p) {
			n++
		}
	}
	if n != len(out) {
		return nil, fmt.Errorf("%s names %d modules, but only %d of them are numbered from 0 without a gap", pattern, n, len(out))
	}
	return out, nil
}

// outline lists the modules for people: one block for all, not too many.
func (t *tree) outline() string {
	var out []string
	for _, p := range t.paths {
		if p == "" || slices.ContainsFunc(strings.Split(p, "."), func(s string) bool { n, err := strconv.Atoi(s); return err == nil && n > 0 }) {
			continue
		}
		if out = append(out, p); len(out) == 24 {
			out = append(out, "...")
			break
		}
	}
	return strings.Join(out, ", ")
}

// wrapper returns the common beginning of all names up to a dot: the path of a module that only
// holds the model. trunk is the same for all names except the head, such as "transformer.".
func (n Names) wrapper() (wrapper, trunk string) {
	trunk = commonParent(n.Blocks, n.Norm, n.Embed)
	return commonParent(trunk+"x", n.Head), trunk
}

// commonParent returns the longest common beginning of whole parts of all paths, with its dot. The
// last part of a path does not count.
func commonParent(paths ...string) string {
	common := paths[0][:strings.LastIndex(paths[0], ".")+1]
	for _, p := range paths[1:] {
		for !strings.HasPrefix(p, common) {
			common = common[:strings.LastIndex(strings.TrimSuffix(common, "."), ".")+1]
		}
	}
	return common
}
