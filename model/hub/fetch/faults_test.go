package fetch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// TestOldPart holds that what lies in the cache from an earlier call is checked: the
// beginning of the file is used, anything else is not.
func TestOldPart(t *testing.T) {
	files := kinds(5000)["one"]
	const weight = "model.safetensors"
	for name, c := range map[string]struct {
		part []byte
		sent int64
	}{
		"its beginning":  {files[weight][:4000], 1000},
		"all of it":      {files[weight], 0},
		"nothing":        {nil, 5000},
		"too much":       {noise(7, 6000), 5000},
		"other bytes":    {noise(7, 4000), 1000 + 5000},
		"all, and other": {noise(7, 5000), 5000},
	} {
		t.Run(name, func(t *testing.T) {
			h := fakehub.Start(t)
			commit := h.Add("org/name", files)
			cache := t.TempDir()
			put(t, string(c.part), cache, "models--org--name/blobs", fakehub.Sum(weight, files[weight])+".golens.incomplete")
			if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, cache), nil)); err != nil {
				t.Fatal(err)
			}
			same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, []string{weight}))
			h.Close()
			var sent int64
			for _, r := range h.Requests() {
				if r.Path == weight {
					sent += r.Sent()
				}
			}
			if sent != c.sent {
				t.Errorf("%d bytes came, want %d", sent, c.sent)
			}
		})
	}
}

// TestOldBlob replaces what lies where the snapshot's link belongs: a dangling link of a
// shared store that was removed, or a broken copy.
func TestOldBlob(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	commit := h.Add("org/name", files)
	cache := t.TempDir()
	dir := filepath.Join(cache, "models--org--name")
	put(t, "half", dir, "snapshots", commit, "config.json")
	sum := fakehub.Sum("model.safetensors", files["model.safetensors"])
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"blobs/" + sum: "../../blobs/ab/gone", "snapshots/" + commit + "/model.safetensors": "../../blobs/" + sum} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, cache), nil)); err != nil {
		t.Fatal(err)
	}
	same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, []string{"model.safetensors"}))
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

// TestRedirects holds where the token goes: to the hub's own origin, also after a
// redirect within it, and to no other, however that is called.
func TestRedirects(t *testing.T) {
	h := fakehub.Start(t)
	h.Add("org/name", kinds(5000)["one"])
	stranger := ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stranger += r.Header.Get("Authorization") + r.Header.Get("Cookie")
		// Back to the hub: the chain has left it, and the token stays at home.
		http.Redirect(w, r, h.URL()+"/api/models/org/name/revision/main?blobs=true", http.StatusFound)
	}))
	defer other.Close()
	first := true
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		if r.Kind != "model" {
			return nil
		}
		if first {
			first = false
			return &fakehub.Fault{Status: 307, Header: map[string]string{"Location": other.URL}}
		}
		if r.Authorization != "" {
			t.Errorf("after a way around the token came: %q", r.Authorization)
		}
		return nil
	}
	env := vars(h, t.TempDir(), "HF_TOKEN", "secret")
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil {
		t.Fatal(err)
	}
	if stranger != "" {
		t.Errorf("another origin was sent %q", stranger)
	}
}

// TestProxy fetches through a proxy, which alone can reach the hub.
func TestProxy(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	h.Add("org/name", files)
	target, _ := url.Parse(h.URL())
	passed := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "hub.example" {
			http.Error(w, "not here", http.StatusBadGateway)
			return
		}
		passed++
		r.URL.Host, r.RequestURI = target.Host, ""
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		for k, v := range response.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	defer proxy.Close()
	for _, variable := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		env := vars(h, t.TempDir(), "HF_ENDPOINT", "http://hub.example", variable, proxy.URL)
		if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil {
			t.Errorf("%s: %v", variable, err)
		}
	}
	if passed == 0 {
		t.Error("nothing went through the proxy")
	}
	env := vars(h, t.TempDir(), "HF_ENDPOINT", "http://hub.invalid", "HTTP_PROXY", proxy.URL, "NO_PROXY", "hub.invalid")
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("NO_PROXY: %v", err)
	}
}

// TestTokenFile reads the token from the file that `hf auth login` writes.
func TestTokenFile(t *testing.T) {
	h := fakehub.Start(t)
	h.Add("org/name", kinds(5000)["one"])
	h.Models["org/name"].Token, h.Models["org/name"].Gated = "from-file", true
	home := t.TempDir()
	put(t, "from-file\n", home, ".cache/huggingface/token")
	put(t, "from-file", home, "elsewhere/token")
	for _, more := range [][]string{{"HOME", home}, {"HF_HOME", filepath.Join(home, "elsewhere")}, {"HF_TOKEN_PATH", "~/elsewhere/token", "HOME", home}} {
		if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, t.TempDir(), more...), nil)); err != nil {
			t.Errorf("%v: %v", more, err)
		}
	}
	env := vars(h, t.TempDir(), "HOME", home, "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err == nil {
		t.Error("the token was sent though HF_HUB_DISABLE_IMPLICIT_TOKEN is set")
	}
}
