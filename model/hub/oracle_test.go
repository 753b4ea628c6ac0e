package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// oracle runs testdata/oracle.py, which answers with huggingface_hub, in the
// given environment and returns the line that it prints.
func oracle(t *testing.T, vars []string, args ...string) string {
	t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH")}
	for i := 0; i < len(vars); i += 2 {
		env = append(env, vars[i]+"="+vars[i+1])
	}
	return strings.TrimSuffix(string(reference.Script(t, env, nil, "testdata/oracle.py", args...)), "\n")
}

// caches are environments and the cache that each chooses, besides HOME=/h.
var caches = []struct {
	vars      []string
	dir, from string
}{
	{nil, "/h/.cache/huggingface/hub", ""},
	{[]string{"XDG_CACHE_HOME", "/x"}, "/x/huggingface/hub", "XDG_CACHE_HOME"},
	{[]string{"XDG_CACHE_HOME", "/x", "HF_HOME", "/y"}, "/y/hub", "HF_HOME"},
	{[]string{"HF_HOME", "/y", "HUGGINGFACE_HUB_CACHE", "/z"}, "/z", "HUGGINGFACE_HUB_CACHE"},
	{[]string{"HF_HOME", "/y", "HUGGINGFACE_HUB_CACHE", "/z", "HF_HUB_CACHE", "/w"}, "/w", "HF_HUB_CACHE"},
	{[]string{"HF_HOME", "~/models"}, "/h/models/hub", "HF_HOME"},
	{[]string{"HF_HUB_CACHE", "/data/$USER/x${USER}", "USER", "me"}, "/data/me/xme", "HF_HUB_CACHE"},
	{[]string{"HF_HUB_CACHE", "/data/$NONE/x"}, "/data/$NONE/x", "HF_HUB_CACHE"},
	{[]string{"HF_HOME", "relative"}, "relative/hub", "HF_HOME"},
	{[]string{"HF_HUB_CACHE", "/a/~/b"}, "/a/~/b", "HF_HUB_CACHE"},
}

func TestCache(t *testing.T) {
	for _, c := range caches {
		dir, from, err := Cache(env(append(c.vars, "HOME", "/h")...))
		if err != nil || dir != c.dir || from != c.from {
			t.Errorf("Cache with %v = %s, %s, %v, want %s, %s", c.vars, dir, from, err, c.dir, c.from)
		}
	}
	// Python takes an empty variable for the working folder; here it is not set.
	if dir, _, _ := Cache(env("HF_HOME", "", "HOME", "/h")); dir != "/h/.cache/huggingface/hub" {
		t.Errorf("with an empty HF_HOME the cache is %s", dir)
	}
}

// TestCacheOracle compares the table of caches with huggingface_hub.
func TestCacheOracle(t *testing.T) {
	for _, c := range caches {
		if got := oracle(t, append(c.vars, "HOME", "/h"), "cache"); got != c.dir {
			t.Errorf("with %v huggingface_hub's cache is %s, want %s", c.vars, got, c.dir)
		}
	}
}

// TestFindOracle has huggingface_hub look up what Find finds. Aliases are
// golens' own: without a network, Python finds a model by the name under which
// it was fetched alone.
func TestFindOracle(t *testing.T) {
	cache := fakeCache(t)
	compared := 0
	for _, c := range finds {
		name, revision, _ := strings.Cut(c.name, "@")
		if modelName(strings.Split(c.want, "/")[0]) != name || name == "distilgpt2" {
			continue
		}
		args := []string{"find", name}
		if revision != "" {
			args = append(args, revision)
		}
		if got := oracle(t, []string{"HF_HUB_CACHE", cache}, args...); got != filepath.Join(cache, c.want) {
			t.Errorf("huggingface_hub finds %s in %q, want %s", c.name, got, c.want)
		}
		compared++
	}
	if compared < 5 {
		t.Errorf("only %d names were compared", compared)
	}
}
