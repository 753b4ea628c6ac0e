package fetch

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
)

// adapterFiles are a repository of an adapter, with the files of an adapter that are fetched.
func adapterFiles() (files map[string][]byte, fetched []string) {
	files = map[string][]byte{"adapter_config.json": []byte(`{"peft_type":"LORA"}`), "adapter_model.safetensors": noise(20, 70_000),
		"adapter_model.bin": noise(21, 3000), "README.md": []byte("x"), "tokenizer.json": noise(22, 40_000), "optimizer.pt": noise(23, 100)}
	return files, []string{"adapter_config.json", "adapter_model.safetensors"}
}

// TestAdapter holds which files of an adapter are fetched, alone or beside a model, and that
// they are found again.
func TestAdapter(t *testing.T) {
	files, fetched := adapterFiles()
	both := kinds(5000)["one"]
	maps.Copy(both, files)
	bin := maps.Clone(files)
	delete(bin, "adapter_model.safetensors")
	for _, c := range []struct {
		name  string
		files map[string][]byte
		part  hub.Part
		want  []string
	}{
		{"alone", files, hub.Adapter, fetched},
		{"alone, by its name", files, hub.Whole, fetched},
		{"beside a model", both, hub.Adapter, fetched},
		{"torch.save", bin, hub.Adapter, []string{"adapter_config.json", "adapter_model.bin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := fakehub.Start(t)
			commit := h.Add("org/name", c.files)
			cache := t.TempDir()
			env := vars(h, cache)
			o := quick(env, nil)
			o.Check = func(string) error { return errors.New("this is for models") }
			if _, err := hub.Find("org/name", c.part, env); !errors.As(err, new(*hub.MissingError)) {
				t.Error(err)
			}
			dir, err := Model(t.Context(), "org/name", c.part, o)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "cache", tree(t, cache), layout("org/name", commit, c.files, c.want))
			if n := len(h.Requests()); n > 1+2*len(c.want) {
				t.Errorf("%d requests", n)
			}
			if found, err := hub.Find("ORG/name", c.part, env); err != nil || found != dir {
				t.Errorf("found %s, %v", found, err)
			}
			if _, err := hub.Find("org/name", hub.Text, env); err == nil {
				t.Error("a tokenizer is found")
			}
			if err := os.Remove(filepath.Join(dir, c.want[1])); err != nil {
				t.Fatal(err)
			}
			if _, err := hub.Find("org/name", c.part, env); err == nil || !strings.Contains(err.Error(), "is incomplete: there is no adapter_model.safetensors and no adapter_model.bin") {
				t.Error(err)
			}
		})
	}
}

// TestNoAdapter holds what is said of a repository that is none.
func TestNoAdapter(t *testing.T) {
	h := fakehub.Start(t)
	h.Add("org/model", kinds(5000)["one"])
	h.Add("org/odd", map[string][]byte{"adapter_config.json": []byte("{}"), "adapter_model.pt": {1}})
	for name, says := range map[string]string{
		"org/model": "fetch model org/model: it has no adapter_config.json, so that it is no adapter",
		"org/odd":   "there is no adapter_model.safetensors and no adapter_model.bin; it has adapter_model.pt",
		"org/none":  "has no model org/none, or it is private or gated",
	} {
		if _, err := Model(t.Context(), name, hub.Adapter, quick(vars(h, t.TempDir()), nil)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", name, err, says)
		}
	}
}

// TestCard: the model card comes where a model is refused, so that the reason can use it. Where the
// card does not come, the refusal is the first one.
func TestCard(t *testing.T) {
	for _, broken := range []bool{false, true} {
		h := fakehub.Start(t)
		h.Add("name", kinds(5000)["one"])
		if broken {
			h.Fault = onFile("README.md", fakehub.Fault{Status: 404})
		}
		o := quick(vars(h, t.TempDir()), nil)
		o.Check = func(dir string) error {
			card, err := os.ReadFile(filepath.Join(dir, "README.md"))
			if err != nil {
				return errors.New("refused")
			}
			return errors.New("refused: " + string(card))
		}
		want := "fetch model name: refused: # a model; its weights were not fetched"
		if broken {
			want = "fetch model name: refused; its weights were not fetched"
		}
		if _, err := Model(t.Context(), "name", hub.Whole, o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
