package model

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const goodSidecar = `{"format": "golens.torchscript", "version": 1,
 "names": {"embed": "transformer.drop", "blocks": "transformer.h.*", "norm": "transformer.ln_f", "head": "lm_head"},
 "block": {"attn": "attn", "mlp": "mlp"}, "points": {"h.*.x": "blocks.*.y", "wte": "tokens"}, "attention": "sdpa", "tokenizer": "gpt2",
 "config": {"model_type": "gpt2", "n_layer": 1}, "of later versions": [1]}`

func TestParseSidecar(t *testing.T) {
	s, err := ParseSidecar([]byte(goodSidecar))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.config(); err != nil || c.Arch.Blocks != 1 {
		t.Errorf("its configuration is %+v (%v)", c, err)
	}
	want := map[string]string{"blocks.0.y": "h.0.x", "blocks.1.y": "h.1.x", "tokens": "wte"}
	if got := s.points(2); !reflect.DeepEqual(got, want) {
		t.Errorf("points %v, want %v", got, want)
	}
	given := s.names(Names{Norm: "other"})
	if given.Norm != "other" || given.Head != "lm_head" || given.Blocks != "transformer.h.*" {
		t.Errorf("names %+v: what is given comes first, the rest from the sidecar", given)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"golens.torchscript"`, `"of another"`, `has the format "of another"`},
		{`"version": 1`, `"version": 2`, "has version 2"},
		{`"version": 1`, `"version": "1"`, "no JSON of the right form"},
		{`"transformer.h.*"`, `"transformer.h"`, "one star"},
		{`"transformer.h.*"`, `"transformer.h*"`, "one star"},
		{`"transformer.h.*"`, `"*.h.*"`, "one star"},
		{`"lm_head"`, `"lm head"`, "no dotted path"},
		{`"attn": "attn"`, `"attn": "a..b"`, "no dotted path"},
		{`"blocks.*.y"`, `"blocks.0.y"`, "one star each or none"},
		{`"attention": "sdpa"`, `"attention": "flash"`, "no attention is called"},
		{`"gpt2", "n_layer": 1`, `"gpt2", "n_layer": -1`, "n_layer"},
		{`"gpt2", "n_layer": 1`, `"gpt9", "n_layer": 1`, "gpt9"},
		{`[1]}`, `[1]} {}`, "goes on after its end"},
		{`[1]}`, `[1`, "no JSON"},
	} {
		bad := strings.Replace(goodSidecar, c.old, c.new, 1)
		if _, err := ParseSidecar([]byte(bad)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %s: %v, want %q", c.new, c.old, err, c.want)
		}
	}
	if _, err := ParseSidecar(make([]byte, maxSidecar+1)); err == nil {
		t.Error("a giant is read")
	}
}

func TestWrapper(t *testing.T) {
	for _, c := range []struct {
		n              Names
		wrapper, trunk string
	}{
		{layouts[0], "", "transformer."},
		{layouts[1], "", ""},
		{Names{Embed: "m.transformer.drop", Blocks: "m.transformer.h.*", Norm: "m.transformer.ln_f", Head: "m.lm_head"}, "m.", "m.transformer."},
		{Names{Embed: "a.b.e", Blocks: "a.b.c.*", Norm: "a.n", Head: "a.b.h"}, "a.", "a."},
		{Names{Embed: "e", Blocks: "a.*", Norm: "a.n", Head: "a.h"}, "", ""},
	} {
		if w, tr := c.n.wrapper(); w != c.wrapper || tr != c.trunk {
			t.Errorf("%+v: %q, %q, want %q, %q", c.n, w, tr, c.wrapper, c.trunk)
		}
	}
}

// FuzzSidecar: no text crashes the reader, and what it takes reads back the same.
func FuzzSidecar(f *testing.F) {
	f.Add([]byte(goodSidecar))
	f.Add([]byte(`{"format": "golens.torchscript", "version": 1, "points": {"*": "*"}, "config": null}`))
	f.Add([]byte(`{"format": "golens.torchscript", "version": 1, "block": {"resid_mid": "a.b"}, "config": {"model_type": "gpt2", "n_head": 1e9}}`))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSidecar(data)
		if err != nil {
			return
		}
		s.points(3)
		s.names(Names{}).wrapper()
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("%q is read and cannot be written: %v", data, err)
		}
		back, err := ParseSidecar(again)
		if err != nil {
			t.Fatalf("%q is read, and what is written of it is not: %v", data, err)
		}
		if third, err := json.Marshal(back); err != nil || string(third) != string(again) {
			t.Fatalf("%q becomes %q, and that %q", data, again, third)
		}
	})
}
