package fetch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
)

// cutPoints is how many downloads TestCuts breaks off. GOLENS_CUT_POINTS asks for more.
func cutPoints(t *testing.T) int {
	if text := os.Getenv("GOLENS_CUT_POINTS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 120
}

// half fails the test if the cache shows a reader anything but whole files.
func half(t testing.TB, what, cache, commit string, files map[string][]byte, want map[string]string) {
	t.Helper()
	dir := filepath.Join(cache, "models--org--name")
	for name, got := range tree(t, cache) {
		switch {
		case strings.HasSuffix(name, ".incomplete"), strings.HasSuffix(name, ".tmp"):
		case want[name] != got:
			t.Errorf("%s: a reader sees %s as %q, want %q", what, name, got, want[name])
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "refs/main")); err != nil {
		return
	}
	for name := range want {
		if _, err := os.Stat(filepath.Join(cache, name)); err != nil {
			t.Errorf("%s: main names a commit of which %s is missing", what, name)
		}
	}
}

// TestCuts breaks downloads off at random bytes of random files of every kind: the connection is
// lost, or the call is ended from within. After each cut a reader sees whole files only. After the
// last, the cache has the bytes of one that was made in one piece, and no byte has come twice.
func TestCuts(t *testing.T) {
	const size = 150_000
	random := rand.New(rand.NewPCG(1, 2))
	for n := range cutPoints(t) {
		all := kinds(size)
		kind := []string{"one", "shards", "bin", "bins"}[n%4]
		files := all[kind]
		h := fakehub.Start(t)
		commit := h.Add("org/name", files)
		want := layout("org/name", commit, files, wanted, weights[kind])
		cache := t.TempDir()
		env := vars(h, cache)
		names := append(append([]string{}, wanted...), weights[kind]...)
		cut := names[random.IntN(len(names))]
		if random.IntN(2) == 0 { // the weights are most of the bytes
			cut = weights[kind][len(weights[kind])-1]
		}
		if len(files[cut]) == 0 {
			cut = "config.json" // for an empty file nothing is asked
		}
		at := random.Int64N(int64(len(files[cut])))
		what := fmt.Sprintf("%s: %s cut at %d of %d", kind, cut, at, len(files[cut]))
		var once, seen sync.Once
		ctx, cancel := context.WithCancel(t.Context())
		inner := random.IntN(2) == 0 // the same call goes on by itself
		h.Fault = func(r *fakehub.Request) (f *fakehub.Fault) {
			if r.Path != cut || r.Kind == "file" {
				return nil
			}
			seen.Do(func() { half(t, what+", before", cache, commit, files, want) })
			once.Do(func() {
				f = &fakehub.Fault{Cut: true, After: at}
				if !inner {
					hang := make(chan struct{})
					f.Hang = hang
					go func() { // as Ctrl-C at the moment when the bytes are there
						for i := 0; i < 2000 && !arrived(cache, files, cut, at); i++ {
							time.Sleep(time.Millisecond)
						}
						cancel()
						close(hang)
					}()
				}
			})
			return f
		}
		_, err := Model(ctx, "org/name", hub.Whole, quick(env, nil))
		cancel()
		if inner == (err != nil) || !inner && !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", what, err)
		}
		half(t, what, cache, commit, files, want)
		if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !same(t, what, tree(t, cache), want) {
			return
		}
		h.Close() // which waits for the answers
		sent := map[string]int64{}
		for _, r := range h.Requests() {
			sent[r.Path] += r.Sent()
		}
		for _, name := range names {
			if sent[name] != int64(len(files[name])) {
				t.Fatalf("%s: %d bytes of %s came, want %d", what, sent[name], name, len(files[name]))
			}
		}
	}
}

// arrived reports whether the part of a file has n bytes.
func arrived(cache string, files map[string][]byte, name string, n int64) bool {
	info, err := os.Stat(filepath.Join(cache, "models--org--name/blobs", fakehub.Sum(name, files[name])+".golens.incomplete"))
	return err == nil && info.Size() >= n
}
