package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model/hub/fetch"
)

// hosted starts a stand-in of the hub that has the tiny checkpoint as org/tiny, and a
// cache that is empty.
func hosted(t *testing.T) (h *fakehub.Hub, cache string) {
	t.Helper()
	h = fakehub.Start(t)
	dir := tiny(t)
	all := map[string][]byte{"README.md": []byte("x"), "flax_model.msgpack": make([]byte, 1000)}
	for _, name := range files(t, dir) {
		all[name] = []byte(read(t, filepath.Join(dir, name)))
	}
	h.Add("org/tiny", all)
	cache = filepath.Join(t.TempDir(), "hub")
	t.Setenv("HF_HUB_CACHE", cache)
	t.Setenv("HF_ENDPOINT", h.URL())
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("HF_HOME", t.TempDir())
	return h, cache
}

// TestModelByName: a name that the cache lacks is fetched, once, and gives what the
// folder gives; a tokenizer alone costs no weights.
func TestModelByName(t *testing.T) {
	h, cache := hosted(t)
	want := good(t, "tokens", "the cat", "--model", tiny(t))
	if got := good(t, "tokens", "the cat", "--model", "org/tiny"); got != want {
		t.Errorf("tokens gives %q, want %q", got, want)
	}
	for _, r := range h.Requests() {
		if r.Server == "cdn" {
			t.Errorf("for tokens, %s was fetched", r.URL)
		}
	}
	first := golens(t, "lens", "the cat", "--model", "org/tiny")
	if first.code != 0 || !strings.HasPrefix(first.stderr, "golens: fetching org/tiny at ") || !strings.Contains(first.stderr, "golens: fetched into "+cache) {
		t.Fatalf("%+v", first)
	}
	h.Close() // from now on whoever asks the hub gets no answer
	second := good(t, "lens", "the cat", "--model", "ORG/Tiny")
	if strings.ReplaceAll(second, "ORG/Tiny", "org/tiny") != first.out {
		t.Errorf("%s\nand again\n%s", first.out, second)
	}
	if folder := good(t, "lens", "the cat", "--model", tiny(t)); !strings.HasSuffix(strings.ReplaceAll(folder, "tiny", "org/tiny"), first.out[strings.Index(first.out, "\n"):]) {
		t.Errorf("by name\n%s\nby folder\n%s", first.out, folder)
	}
}

// TestModelFetch holds what model fetch, list and remove print and leave.
func TestModelFetch(t *testing.T) {
	h, cache := hosted(t)
	if out := good(t, "model", "list"); out != "there is no model in "+cache+"\n" {
		t.Errorf("%q", out)
	}
	o := golens(t, "model", "fetch", "org/tiny")
	dir := strings.TrimSpace(o.out)
	if o.code != 0 || filepath.Dir(dir) != filepath.Join(cache, "models--org--tiny/snapshots") {
		t.Fatalf("%+v", o)
	}
	commit := filepath.Base(dir)
	h.Models["org/tiny"].Refs["refs/pr/3"] = commit
	if o := golens(t, "model", "fetch", "org/tiny@refs/pr/3"); o.out != dir+"\n" || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	good(t, "lens", "the", "--model", "org/tiny@refs/pr/3")

	h.Add("bert", map[string][]byte{"config.json": []byte(`{"model_type": "bert"}`), "model.safetensors": make([]byte, 100)})
	h.Requests()
	o = golens(t, "model", "fetch", "bert")
	refused(t, o, 1, "fetch model bert: ", `model_type "bert" is not supported`, "its weights were not fetched")
	for _, r := range h.Requests() {
		if r.Server == "cdn" {
			t.Errorf("%s was fetched", r.URL)
		}
	}
	bert := filepath.Join(cache, "models--bert/snapshots")
	entries := files(t, bert)
	list := good(t, "model", "list")
	for _, want := range []string{`(?m)^model +size +family +type +golens$`, `(?m)^org/tiny +\d+(\.\d+)? kB +gpt2 +float32 +runs it$`,
		`(?m)^bert@` + entries[0] + ` +\d+ bytes +bert +- +no: config.json: model_type "bert" is not supported$`, `(?m)^\d.* kB in ` + cache + `$`} {
		if !regexp.MustCompile(want).MatchString(list) {
			t.Errorf("no %s in\n%s", want, list)
		}
	}
	var listed []listedModel
	if err := json.Unmarshal([]byte(good(t, "model", "list", "--json")), &listed); err != nil || len(listed) != 2 || !listed[1].Supported ||
		listed[1].Folder != dir || strings.Join(listed[1].Revisions, " ") != "main refs/pr/3" || listed[0].Supported || !strings.Contains(listed[0].Why, "golens has") {
		t.Errorf("%+v, %v", listed, err)
	}

	refused(t, golens(t, "model", "remove", "org/tiny"), 2, "say --yes")
	o = golens(t, "model", "remove", "org/tinny", "--yes")
	refused(t, o, 1, "org/tinny", "similar names there: org/tiny")
	if strings.Contains(o.stderr, "golens model fetch") {
		t.Errorf("what is to be removed should be fetched: %s", o.stderr)
	}
	if out := good(t, "model", "remove", "org/tiny@refs/pr/3", "--yes"); !strings.Contains(out, "kB given back") {
		t.Errorf("%q", out)
	}
	if _, err := os.Stat(filepath.Join(cache, "models--org--tiny")); err == nil {
		t.Error("the model is there still")
	}
	for _, args := range [][]string{{"model", "fetch"}, {"model", "fetch", "a", "b"}, {"model", "list", "x"}, {"model", "remove"}} {
		if o := golens(t, args...); o.code != 2 {
			t.Errorf("%v: %+v", args, o)
		}
	}
}

// TestQuantizedByName: a quantized model is refused before its weights come, and the model card
// says which model is not quantized.
func TestQuantizedByName(t *testing.T) {
	h, cache := hosted(t)
	h.Add("org/tiny-AWQ", map[string][]byte{"config.json": []byte(`{"model_type": "gpt2", "quantization_config": {"quant_method": "awq"}}`),
		"README.md": []byte("---\nbase_model: org/tiny\n---\n# Tiny, in 4 bits\n"), "model.safetensors": make([]byte, 100)})
	for range 2 {
		refused(t, golens(t, "lens", "the", "--model", "org/tiny-AWQ"), 1, "fetch model org/tiny-AWQ: "+cache, `quantized by "awq"`,
			"so take org/tiny, which this one was made of", "; its weights were not fetched")
	}
	for _, r := range h.Requests() {
		if r.Server == "cdn" {
			t.Errorf("%s was fetched", r.URL)
		}
	}
}

// TestFetchInterrupted ends a fetch by Ctrl-C. What came is kept, and the same command
// fetches the rest.
func TestFetchInterrupted(t *testing.T) {
	h, cache := hosted(t)
	arrived := make(chan bool, 1)
	h.Fault = func(r *fakehub.Request) *fakehub.Fault {
		if r.Server != "cdn" || r.Range != "" {
			return nil
		}
		never := make(chan struct{})
		t.Cleanup(func() { close(never) })
		arrived <- true
		return &fakehub.Fault{Cut: true, After: 5000, Hang: never}
	}
	cmd := program(t, "lens", "the", "--model", "org/tiny")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	part := filepath.Join(cache, "models--org--tiny/blobs/*.golens.incomplete")
	for range 500 {
		if found, _ := filepath.Glob(part); len(found) == 1 {
			if info, err := os.Stat(found[0]); err == nil && info.Size() == 5000 {
				break
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.HasSuffix(stderr.String(), "golens: 5.00 kB of 46.9 kB are there; the same command goes on from there\ngolens: interrupted\n") {
		t.Errorf("exit status %d: %s", code, stderr.String())
	}
	o := golens(t, "lens", "the", "--model", "org/tiny")
	if o.code != 0 || !strings.Contains(o.stderr, "in 1 file, of which 5.00 kB are there") {
		t.Errorf("%+v", o)
	}
}

// TestFetching holds the lines of a fetch that takes a while, on a terminal and elsewhere.
func TestFetching(t *testing.T) {
	at := time.Unix(0, 0)
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		f := &fetching{w: &out, now: func() time.Time { return at }, terminal: terminal}
		f.Moved("config.json", 600)
		f.Plan(fetch.Plan{Model: "org/name", Commit: strings.Repeat("0123456789", 4), Folder: "/cache/x", Files: 2, Bytes: 8e9, There: 1e9, Free: 90e9})
		f.Moved("a", 1e9)
		for done := int64(1e9); done < 8e9; done += 1e8 {
			at = at.Add(time.Second)
			f.Moved("a", done)
		}
		f.Waiting("the connection was lost; trying again in 1s")
		f.end(nil)
		want := "golens: fetching org/name at 0123456: 8.00 GB in 2 files, of which 1.00 GB are there; 90.0 GB of the disk are free\n"
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("it says %q\nwant %q", out.String(), want)
		}
		for _, want := range []string{"1.90 GB of 8.00 GB, 23%, 100 MB/s, 1m2s left", "golens: the connection was lost; trying again in 1s\n", "golens: fetched into /cache/x in 1m10s (100 MB/s)\n"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("terminal %v: no %q in %q", terminal, want, out.String())
			}
		}
		if lines := strings.Count(out.String(), "\n"); terminal != strings.Contains(out.String(), "\r") || !terminal && lines > 11 || terminal && lines != 3 {
			t.Errorf("terminal %v: %d lines: %q", terminal, lines, out.String())
		}
	}
}

// TestTorchSaved: a folder of pytorch_model.bin gives what its safetensors give, and so
// does the file itself; a file that would run something is refused by name.
func TestTorchSaved(t *testing.T) {
	dir := tiny(t)
	want := good(t, "lens", "the cat", "--model", dir)
	for _, form := range []string{"zip", "legacy", "shards"} {
		to := filepath.Join(t.TempDir(), "tiny")
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		reference.Script(t, nil, nil, "../../lens/testdata/torchsave.py", dir, to, form)
		for _, name := range []string{"vocab.json", "merges.txt"} {
			put(t, to, name, []byte(read(t, filepath.Join(dir, name))))
		}
		got := good(t, "lens", "the cat", "--model", to)
		if got != strings.ReplaceAll(want, dir, to) {
			t.Errorf("%s:\n%s\nwant\n%s", form, got, want)
		}
		if file := filepath.Join(to, "pytorch_model.bin"); form != "shards" {
			if got := good(t, "lens", "the cat", "--model", file); got != strings.ReplaceAll(want, dir, file) {
				t.Errorf("%s by its file:\n%s\nwant\n%s", form, got, want)
			}
		}
	}
	if got := good(t, "lens", "the cat", "--model", filepath.Join(dir, "model.safetensors")); strings.ReplaceAll(got, "/model.safetensors", "") != want {
		t.Errorf("by the file of safetensors:\n%s\nwant\n%s", got, want)
	}
}
