package hooks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

func TestNames(t *testing.T) {
	m := newModel(t)
	equal(t, "names", m.Names(), "h.0", "h.0.mlp", "h.1", "h.1.mlp", "ln_f", "spare")
	for name, want := range map[string]string{
		"h.0": "h.0", "h.0:in": "h.0:in", "transformer.h.0": "h.0", "transformer.h.1.mlp:in": "h.1.mlp:in", "ln_f": "ln_f",
		"h.1.resid_pre": "h.0", "h.1.resid_post": "h.1", "transformer.h.1.resid_post": "h.1", "h.1.resid_pre:in": "h.0:in",
	} {
		got, err := m.Canonical(name)
		if err != nil || got != want || !m.Has(name) {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
		module, err := m.Module(name)
		if err != nil || module == nil {
			t.Errorf("%s has the module %v (%v)", name, module, err)
		}
	}
	for _, name := range []string{"", "h", "h.2", "h.0.", "h.0:out", "h.0:in:in", ":in", "transformer.", "transformer.transformer.h.0", "H.0", " h.0"} {
		_, err := m.Canonical(name)
		if e := (*hooks.UnknownPointError)(nil); !errors.As(err, &e) || e.Name != name || m.Has(name) {
			t.Errorf("%q: %v", name, err)
		}
		if module, err := m.Module(name); err == nil || module != nil {
			t.Errorf("%q has the module %v", name, module)
		}
	}
}

// TestPrefixOfTheModel: a model whose own names begin with "transformer." is asked without it.
func TestPrefixOfTheModel(t *testing.T) {
	p := hooks.NewPoints(nil)
	p.Add("transformer.h.0", &torch.Module{})
	p.Add("lm_head", &torch.Module{})
	for name, want := range map[string]string{"h.0": "transformer.h.0", "transformer.h.0:in": "transformer.h.0:in", "h.0:in": "transformer.h.0:in", "lm_head": "lm_head"} {
		if got, err := p.Canonical(name); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
}

// gpt2 returns points with the names of a model of 12 blocks.
func gpt2() *hooks.Points {
	p := hooks.NewPoints(nil)
	add := func(name string) { p.Add(name, &torch.Module{}) }
	for _, n := range []string{"wte", "wpe", "drop"} {
		add(n)
	}
	for i := range 12 {
		b := fmt.Sprintf("h.%d", i)
		for _, n := range []string{"", ".ln_1", ".attn", ".attn.c_attn", ".attn.c_proj", ".ln_2", ".mlp", ".mlp.c_fc", ".mlp.act", ".mlp.c_proj"} {
			add(b + n)
		}
		p.Alias(b+".resid_post", b)
	}
	add("ln_f")
	add("lm_head")
	return p
}

func TestNearest(t *testing.T) {
	p := gpt2()
	for name, want := range map[string][]string{
		"h.12":            {"h.1", "h.2"},
		"h.12.mlp":        {"h.1.mlp", "h.2.mlp"},
		"transformer.h.3": nil,
		"h3":              {"h.3"},
		"h[3]":            {"h.3"},
		"h.3.ln1":         {"h.3.ln_1"},
		"h.3.mpl":         {"h.3.mlp"},
		"h.3.attention":   {"h.3.attn"},
		"h.3.mlp.fc":      {"h.3.mlp.c_fc"},
		"mlp":             {"h.0.mlp", "h.1.mlp", "h.2.mlp", "h.3.mlp"},
		"attn.c_proj":     {"h.0.attn.c_proj", "h.1.attn.c_proj"},
		"c_fc:in":         {"h.0.mlp.c_fc"},
		"LN_F":            {"ln_f"},
		"lnf":             {"ln_f"},
		"head":            {"lm_head"},
		"wtee":            {"wte"},
		"resid":           {"h.0.resid_post"},
		"h.3.resid_pots":  {"h.3.resid_post"},
	} {
		_, err := p.Canonical(name)
		e := (*hooks.UnknownPointError)(nil)
		if want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range want {
			if !slices.Contains(e.Nearest, w) {
				t.Errorf("nearest to %q are %v, without %s", name, e.Nearest, w)
			}
		}
	}
	_, err := hooks.NewPoints(nil).Canonical("h.0")
	if want := `there is no hook point "h.0" in this model: it has none`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = p.Canonical("h.12")
	if want := `there is no hook point "h.12" in this model; the nearest are h.1, h.2, h.10, h.11`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// FuzzCanonical: any name is a point or an error of one line, and a canonical name is its own.
func FuzzCanonical(f *testing.F) {
	p := gpt2()
	for _, s := range []string{"h.3", "transformer.h.3:in", "h.12", "mlp", "", ":in", "\n\x00\xff", "h.3.resid_post:in:in", "transformer."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		c, err := p.Canonical(name)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "the nearest are") {
				t.Errorf("%q: %v", name, err)
			}
			return
		}
		if again, err := p.Canonical(c); err != nil || again != c {
			t.Errorf("%q is %q, and that is %q (%v)", name, c, again, err)
		}
	})
}
