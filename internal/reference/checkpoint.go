package reference

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unused is how long checkpoints of an older script are kept after their last use.
const unused = 7 * 24 * time.Hour

// userCache is the user's own cache: tests may give the program another.
var userCache, noCache = os.UserCacheDir()

// Model returns the folder of a random checkpoint, by the preset and the
// options of scripts/make_models.py, such as
//
//	reference.Model(t, "12x96", "--dtype", "bfloat16", "--no-prefix")
//
// It is made once for the machine, under the user's cache, and must not be
// changed. Several test binaries may ask at a time.
func Model(t testing.TB, preset string, options ...string) string {
	t.Helper()
	root, err := root()
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	c := checkpoint{filepath.Join(root, "scripts", "make_models.py"), preset, options}
	folder, err := c.folder()
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	unlock, err := lock(folder + ".lock")
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	defer unlock()
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	if err := c.make(start(t), folder); err != nil {
		t.Fatalf("reference: make checkpoint %s: %v", preset, err)
	}
	return folder
}

type checkpoint struct {
	script  string
	preset  string
	options []string
}

// folder returns where the checkpoint lies or will lie. Every version of the script has a folder of
// its own, whose time says when it was last used.
func (c checkpoint) folder() (string, error) {
	source, err := os.ReadFile(c.script)
	if err != nil {
		return "", err
	}
	families, err := os.ReadFile(filepath.Join(filepath.Dir(c.script), "reference", "families.py"))
	if err != nil {
		return "", err
	}
	source = append(source, families...)
	cache := userCache
	if noCache != nil {
		cache = os.TempDir()
	}
	parent := filepath.Join(cache, "golens", "testdata", "models", digest(string(source)))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	now := time.Now()
	if err := os.Chtimes(parent, now, now); err != nil {
		return "", err
	}
	name := c.preset
	if len(c.options) > 0 {
		name += "-" + digest(strings.Join(c.options, "\x00"))
	}
	return filepath.Join(parent, name), nil
}

// make has the script write the checkpoint. A run that is interrupted leaves nothing under the final name.
func (c checkpoint) make(p *process, folder string) error {
	removeUnused(filepath.Dir(filepath.Dir(folder)), time.Now())
	making := folder + ".making"
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	defer os.RemoveAll(making)
	args := append([]string{c.preset, "--out", making}, c.options...)
	if _, err := p.do(map[string]any{"op": "checkpoint", "arguments": args}); err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, p.stderr)
	}
	return os.Rename(making, folder)
}

func digest(text string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12]
}

// lock takes an exclusive lock on a file, which it makes, and returns its release.
func lock(file string) (unlock func(), err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	return func() { f.Close() }, nil
}

// removeUnused deletes the checkpoints of scripts that nobody has used for a while.
func removeUnused(models string, now time.Time) {
	entries, err := os.ReadDir(models)
	if err != nil {
		return // nothing to tidy
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > unused {
			os.RemoveAll(filepath.Join(models, e.Name()))
		}
	}
}

// IDs returns n token ids below vocab, the same ones for the same seed.
func IDs(seed uint64, n, vocab int) []int64 {
	r := rand.New(rand.NewPCG(seed, 0))
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = r.Int64N(int64(vocab))
	}
	return ids
}
