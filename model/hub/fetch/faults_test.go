package fetch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
)

// always has every request of a kind meet a fault.
func always(kind string, f fakehub.Fault) func(*fakehub.Request) *fakehub.Fault {
	return func(r *fakehub.Request) *fakehub.Fault {
		if r.Kind != kind {
			return nil
		}
		return &f
	}
}

// onFile is always for one file's content.
func onFile(name string, f fakehub.Fault) func(*fakehub.Request) *fakehub.Fault {
	return func(r *fakehub.Request) *fakehub.Fault {
		if r.Path != name || r.Kind == "file" && f.Bytes != nil {
			return nil
		}
		return &f
	}
}

// TestRefusals holds what is said of every answer that is no success, and that nothing
// half is left.
func TestRefusals(t *testing.T) {
	const weight = "model.safetensors"
	size := len(kinds(5000)["one"][weight])
	other := noise(99, size)
	for _, c := range []struct {
		name   string
		model  string
		vars   []string
		change func(*fakehub.Hub)
		says   []string
	}{
		{"no such model", "org/nane", nil, nil, []string{"fetch model org/nane: ", "has no model org/nane, or it is private or gated", "set HF_TOKEN"}},
		{"no such model, logged in", "org/nane", []string{"HF_TOKEN", "t"}, nil, []string{"has no model org/nane", "this one is from HF_TOKEN"}},
		{"no such revision", "org/name@v9", nil, nil, []string{"org/name has no revision v9"}},
		{"no such commit", "org/name@" + strings.Repeat("a", 40), nil, nil, []string{"has no revision aaaa"}},
		{"gated", "org/name", nil, func(h *fakehub.Hub) { h.Models["org/name"].Gated, h.Models["org/name"].Token = true, "right" },
			[]string{"org/name is a gated model: open http", "/org/name, accept its conditions, and set HF_TOKEN"}},
		{"gated, no access", "org/name", []string{"HF_TOKEN", "other"}, func(h *fakehub.Hub) { h.Models["org/name"].Gated, h.Models["org/name"].Token = true, "right" },
			[]string{"is a gated model", "this one is from HF_TOKEN"}},
		{"token wrong", "org/name", []string{"HUGGING_FACE_HUB_TOKEN", "bad"}, func(h *fakehub.Hub) {
			h.Fault = always("model", fakehub.Fault{Status: 401, Header: map[string]string{"X-Error-Message": "Invalid credentials in Authorization header"}})
		}, []string{"does not accept the token from HUGGING_FACE_HUB_TOKEN", "/settings/tokens"}},
		{"token no header", "org/name", []string{"HF_TOKEN", "a b"}, nil, []string{"the token from HF_TOKEN holds a character that no token has"}},
		{"disabled", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = always("model", fakehub.Fault{Status: 403, Header: map[string]string{"X-Error-Message": "Access to this resource is disabled."}})
		}, []string{"the hub says: Access to this resource is disabled."}},
		{"forbidden", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = always("file", fakehub.Fault{Status: 403, Header: map[string]string{"X-Error-Message": "for\r\n reasons"}})
		}, []string{"refuses access to org/name", "gated"}},
		{"limited", "org/name", nil, func(h *fakehub.Hub) { h.Fault = always("model", fakehub.Fault{Status: 429}) }, []string{"limits the number of requests", "HF_TOKEN raises the limit"}},
		{"broken", "org/name", nil, func(h *fakehub.Hub) { h.Fault = always("file", fakehub.Fault{Status: 502}) }, []string{"org/name: config.json: 127", "answers 502 Bad Gateway"}},
		{"broken CDN", "org/name", nil, func(h *fakehub.Hub) { h.Fault = always("bytes", fakehub.Fault{Status: 403}) }, []string{"model.safetensors: ", "which holds the file's bytes, answers 403 Forbidden"}},
		{"a web page", "org/name", nil, func(h *fakehub.Hub) { h.Fault = always("model", fakehub.Fault{Status: 200}) }, []string{"does not answer as a hub does"}},
		{"no hub", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = always("cache", fakehub.Fault{Header: map[string]string{"X-Repo-Commit": ""}})
		}, []string{"the answer does not name the commit: this is not a hub"}},
		{"another commit", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = onFile(weight, fakehub.Fault{Header: map[string]string{"X-Repo-Commit": strings.Repeat("b", 40)}})
		}, []string{"the answer is of the commit \"bbbb"}},
		{"other bytes", "org/name", nil, func(h *fakehub.Hub) { h.Fault = onFile(weight, fakehub.Fault{Bytes: other}) },
			[]string{"model.safetensors: the bytes that came are not the file's: their checksum is ", "something between here and the hub changes them"}},
		{"other small bytes", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = onFile("config.json", fakehub.Fault{Bytes: []byte(`{"model_type":"gptX"}`)})
		}, []string{"config.json: the bytes that came are not the file's"}},
		{"more bytes", "org/name", nil, func(h *fakehub.Hub) { h.Fault = onFile(weight, fakehub.Fault{Bytes: noise(1, size+7)}) }, []string{"not the file's: there are more than 5000"}},
		{"fewer bytes", "org/name", nil, func(h *fakehub.Hub) { h.Fault = onFile(weight, fakehub.Fault{Bytes: noise(10, size)[:size-7]}) }, []string{"after 4.99 kB: ", "has fewer bytes of"}},
		{"another checksum", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = onFile(weight, fakehub.Fault{Header: map[string]string{"X-Linked-Etag": `"` + strings.Repeat("c", 64) + `"`}})
		}, []string{"the list of files has the checksum", "and the answer cccc"}},
		{"no checksum", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = onFile(weight, fakehub.Fault{Header: map[string]string{"X-Linked-Etag": `W/"etag-1"`}})
		}, []string{`its ETag "etag-1" is not a checksum`}},
		{"another size", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = onFile(weight, fakehub.Fault{Header: map[string]string{"X-Linked-Size": "17"}})
		}, []string{"the list of files has 5000 bytes for it, and the answer 17"}},
		{"a circle", "org/name", nil, func(h *fakehub.Hub) { h.Renamed["org/name"] = "org/name" }, []string{"redirects more than 20 times"}},
		{"nowhere", "org/name", nil, func(h *fakehub.Hub) {
			h.Fault = always("model", fakehub.Fault{Status: 302, Header: map[string]string{"Location": "ftp://x/"}})
		}, []string{"redirect that leads nowhere"}},
		{"no configuration", "org/name", nil, func(h *fakehub.Hub) { h.Add("org/name", map[string][]byte{"model.gguf": {1}}) },
			[]string{"it has no config.json, so that no model can be made of it; it has model.gguf"}},
		{"no weights", "org/name", nil, func(h *fakehub.Hub) {
			h.Add("org/name", map[string][]byte{"config.json": []byte("{}"), "tf_model.h5": {1}})
		}, []string{"no weights that golens reads: there is no model.safetensors", "it has tf_model.h5"}},
		{"index of another model", "org/name", nil, func(h *fakehub.Hub) {
			h.Add("org/name", map[string][]byte{"config.json": []byte("{}"), "model.safetensors.index.json": []byte(`{"weight_map":{"a":"x.safetensors"}}`)})
		}, []string{"lists the shard x.safetensors, which the repository does not have"}},
		{"hostile index", "org/name", nil, func(h *fakehub.Hub) {
			h.Add("org/name", map[string][]byte{"config.json": []byte("{}"), "model.safetensors.index.json": []byte(`{"weight_map":{"a":"../../x"}}`)})
		}, []string{"not a file inside the folder"}},
		{"hostile name", "org/name", nil, func(h *fakehub.Hub) {
			h.Add("org/name", map[string][]byte{"config.json": []byte("{}"), "../../../config.json": []byte("{}")})
		}, []string{"no path inside a repository"}},
		{"hostile weights", "org/name", nil, func(h *fakehub.Hub) {
			h.Add("org/name", map[string][]byte{"config.json": []byte(`{"transformers_weights":"../x.safetensors"}`)})
		}, []string{"is no safetensors file of the folder"}},
		{"offline", "org/name", []string{"HF_HUB_OFFLINE", "yes"}, nil, []string{"HF_HUB_OFFLINE is set, so that nothing is fetched"}},
		{"offline by transformers", "org/name", []string{"TRANSFORMERS_OFFLINE", "1"}, nil, []string{"TRANSFORMERS_OFFLINE is set"}},
		{"no endpoint", "org/name", []string{"HF_ENDPOINT", "huggingface.co"}, nil, []string{`HF_ENDPOINT "huggingface.co" is not the address of a hub`}},
		{"no network", "org/name", []string{"HF_ENDPOINT", "http://127.0.0.1:1/"}, nil, []string{"http://127.0.0.1:1", "connection refused"}},
		{"no name", "a/b/c", nil, nil, []string{"not a name of the Hugging Face hub"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := fakehub.Start(t)
			h.Add("org/name", kinds(5000)["one"])
			if c.change != nil {
				c.change(h)
			}
			base := t.TempDir()
			cache := filepath.Join(base, "a/b/c/hub")
			put(t, "{}", cache, "models--org--nanu", "refs", "main")
			env := vars(h, cache, c.vars...)
			_, err := Model(t.Context(), c.model, hub.Whole, quick(env, nil))
			if err == nil {
				t.Fatal("it was fetched")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("says %q\nwant %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 500 {
				t.Errorf("says %q", err)
			}
			if c.name == "no such model" && !strings.Contains(err.Error(), "similar names in the cache: org/nanu") {
				t.Errorf("says %q", err)
			}
			for name := range tree(t, base) {
				if strings.Contains(name, "refs/") && !strings.Contains(name, "nanu") {
					t.Errorf("%s was written", name)
				}
				if !strings.HasPrefix(name, "a/b/c/hub/") {
					t.Errorf("%s was written outside", name)
				}
				if strings.Contains(c.name, "bytes") && c.name != "fewer bytes" && strings.HasSuffix(name, ".incomplete") {
					t.Errorf("wrong bytes were kept: %s", name)
				}
			}
		})
	}
}

func put(t testing.TB, content string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPasses holds what a fetch gets over by itself, and how long it waits.
func TestPasses(t *testing.T) {
	const weight = "model.safetensors"
	second := time.Second
	for _, c := range []struct {
		name   string
		change func(*fakehub.Hub)
		slept  []time.Duration
	}{
		{"limited with a window", times(2, "file", fakehub.Fault{Status: 429, Header: map[string]string{"RateLimit": `"resolvers";r=0;t=55`}}), []time.Duration{56 * second, 56 * second}},
		{"limited with a time", times(1, "model", fakehub.Fault{Status: 429, Header: map[string]string{"Retry-After": "7"}}), []time.Duration{7 * second}},
		{"limited for ever and a day", times(1, "model", fakehub.Fault{Status: 429, Header: map[string]string{"Retry-After": "100000"}}), []time.Duration{longest}},
		{"busy", times(5, "bytes", fakehub.Fault{Status: 503}), []time.Duration{second, 2 * second, 4 * second, 8 * second, 8 * second}},
		{"cut and cut again", times(9, "bytes", fakehub.Fault{Cut: true, After: 500}), slices.Repeat([]time.Duration{second}, 9)},
		{"no ranges", func(h *fakehub.Hub) {
			n := 0
			h.Fault = func(r *fakehub.Request) *fakehub.Fault {
				if r.Kind != "bytes" {
					return nil
				}
				if n++; n == 1 {
					return &fakehub.Fault{Cut: true, After: 700}
				}
				return &fakehub.Fault{Whole: true}
			}
		}, []time.Duration{second}},
		{"no checksums in the list", func(h *fakehub.Hub) { h.Plain = true }, nil},
		{"no CDN", func(h *fakehub.Hub) { h.Direct = true }, nil},
		{"no CDN, cut", func(h *fakehub.Hub) {
			h.Direct = true
			times(3, "file", fakehub.Fault{Cut: true, After: 700})(h)
		}, []time.Duration{second, second, second}},
		{"weak tags", func(h *fakehub.Hub) {
			h.Fault = func(r *fakehub.Request) *fakehub.Fault {
				if r.Kind != "cache" || r.Path != "config.json" {
					return nil
				}
				return &fakehub.Fault{Header: map[string]string{"ETag": `W/"` + fakehub.Sum("config.json", h.Models["org/name"].Commits[h.Models["org/name"].Refs["main"]]["config.json"]) + `"`}}
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := fakehub.Start(t)
			files := kinds(5000)["one"]
			commit := h.Add("org/name", files)
			c.change(h)
			cache := t.TempDir()
			var slept []time.Duration
			if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, cache), &slept)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(slept, c.slept) {
				t.Errorf("it waited %v, want %v", slept, c.slept)
			}
			same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, []string{weight}))
		})
	}
}

// longest is the hub's window of five minutes and a little more.
const longest = 330 * time.Second

// times has the first n requests of a kind meet a fault.
func times(n int, kind string, f fakehub.Fault) func(*fakehub.Hub) {
	return func(h *fakehub.Hub) {
		h.Fault = func(r *fakehub.Request) *fakehub.Fault {
			if r.Kind != kind || n == 0 || kind == "file" && f.Cut && !fakehub.IsLarge(r.Path) {
				return nil
			}
			n--
			return &f
		}
	}
}

// TestStall ends a transfer from which nothing comes, and goes on.
func TestStall(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	commit := h.Add("org/name", files)
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	times(1, "bytes", fakehub.Fault{Cut: true, After: 900, Hang: never})(h)
	cache := t.TempDir()
	w := &told{}
	o := quick(vars(h, cache, "HF_HUB_DOWNLOAD_TIMEOUT", "2"), nil)
	o.Watcher = w
	if _, err := Model(t.Context(), "org/name", hub.Whole, o); err != nil {
		t.Fatal(err)
	}
	same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, []string{"model.safetensors"}))
	if len(w.waits) != 1 || !strings.Contains(w.waits[0], "no byte came for too long (2s); a firewall must let through 127.0.0.1 and *.hf.co; trying again in 1s") {
		t.Errorf("it said %q", w.waits)
	}
	if w.plan.Bytes != 5000 || w.plan.Files != 1 || w.plan.There != 0 || w.plan.Free <= 0 || w.plan.Commit != commit {
		t.Errorf("the plan was %+v", w.plan)
	}
	if n := len(w.moves); n < 2 || w.moves[n-1] != 5000 || !slices.IsSorted(w.moves) {
		t.Errorf("it moved %v", w.moves)
	}
}

// told is a Watcher that remembers.
type told struct {
	plan  Plan
	moves []int64
	waits []string
}

func (w *told) Plan(p Plan)             { w.plan, w.moves = p, nil }
func (w *told) Moved(_ string, n int64) { w.moves = append(w.moves, n) }
func (w *told) Waiting(why string)      { w.waits = append(w.waits, why) }
