package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

// A Snapshot is a model in the cache at one commit.
type Snapshot struct {
	Model     string
	Revisions []string // the branches and tags that mean this commit here, main first
	Commit    string
	Dir       string
	Bytes     int64 // of its files
	Files     int
}

// List returns the models in the cache, by name, and the folder of the cache. A snapshot may lack
// files: see checkpoint.Missing.
func List(env func(string) string) (list []Snapshot, cache string, err error) {
	cache, _, err = Cache(env)
	if err != nil {
		return nil, "", err
	}
	if _, err := os.ReadDir(cache); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, cache, fmt.Errorf("read the Hugging Face cache: %w", err)
	}
	for _, name := range cached(cache) {
		r := repo{model: name, dir: filepath.Join(cache, Folder(name))}
		list = append(list, r.snapshots()...)
	}
	return list, cache, nil
}

// snapshots returns the commits that the cache has of a model.
func (r repo) snapshots() (list []Snapshot) {
	refs := r.refs()
	commits, _ := os.ReadDir(filepath.Join(r.dir, "snapshots"))
	for _, c := range commits {
		s := Snapshot{Model: r.model, Commit: c.Name(), Dir: filepath.Join(r.dir, "snapshots", c.Name()), Revisions: refs[c.Name()]}
		_ = filepath.WalkDir(s.Dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if info, err := os.Stat(p); err == nil {
					s.Files++
					s.Bytes += info.Size()
				}
			}
			return nil
		})
		list = append(list, s)
	}
	return list
}

// refs returns the names of each commit, main first.
func (r repo) refs() map[string][]string {
	names := map[string][]string{}
	top := filepath.Join(r.dir, "refs")
	_ = filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(p, ".tmp") {
			return nil
		}
		content, err := os.ReadFile(p)
		if err == nil {
			name, _ := filepath.Rel(top, p)
			commit := strings.TrimSpace(string(content))
			names[commit] = append(names[commit], filepath.ToSlash(name))
		}
		return nil
	})
	for _, list := range names {
		slices.SortStableFunc(list, func(a, b string) int {
			switch {
			case a == "main":
				return -1
			case b == "main":
				return 1
			}
			return strings.Compare(a, b)
		})
	}
	return names
}

// A Removal says what must be deleted to remove a model from the cache.
type Removal struct {
	Snapshots []Snapshot
	Bytes     int64 // that the disk gets back
	Shared    int64 // bytes in the store that repositories share, which stay

	repo  repo
	whole bool     // the model's folder goes
	refs  []string // files
	blobs []string
	locks string
}

// PlanRemoval finds what must be deleted to remove a model, or one revision of it if name ends in
// @REVISION: its snapshot, and the bytes that no other snapshot uses. It deletes nothing yet. No
// other spelling of the name is tried.
func PlanRemoval(name string, env func(string) string) (*Removal, error) {
	model, revision, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	cache, variable, err := Cache(env)
	if err != nil {
		return nil, err
	}
	r := &Removal{repo: repo{model: model, revision: revision, dir: filepath.Join(cache, Folder(model))}, locks: filepath.Join(cache, ".locks", Folder(model))}
	if _, err := os.Stat(r.repo.dir); err != nil {
		err := notCached(model, revision, cache, variable)
		if missing := new(MissingError); errors.As(err, &missing) {
			err = missing.Err // fetching it is no help
		}
		return nil, err
	}
	all := r.repo.snapshots()
	r.whole = !strings.Contains(name, "@")
	for _, s := range all {
		if r.whole || s.Commit == revision || slices.Contains(s.Revisions, revision) {
			r.Snapshots = append(r.Snapshots, s)
		}
	}
	if !r.whole && len(r.Snapshots) == 0 {
		return nil, fmt.Errorf("remove model %s: %s has no revision %s%s", name, r.repo.dir, revision, r.repo.others())
	}
	r.whole = r.whole || len(r.Snapshots) == len(all)
	return r, r.count(all)
}

// count finds the blobs that go, and their bytes.
func (r *Removal) count(all []Snapshot) error {
	blobs := filepath.Join(r.repo.dir, "blobs")
	kept := map[string]bool{}
	for _, s := range all {
		if !slices.ContainsFunc(r.Snapshots, func(gone Snapshot) bool { return gone.Commit == s.Commit }) {
			for name := range linked(s.Dir) {
				kept[name] = true
			}
		}
	}
	gone := map[string]bool{}
	for _, s := range r.Snapshots {
		for name := range linked(s.Dir) {
			gone[name] = true
		}
		for _, ref := range s.Revisions {
			r.refs = append(r.refs, filepath.Join(r.repo.dir, "refs", filepath.FromSlash(ref)))
		}
	}
	entries, err := os.ReadDir(blobs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !r.whole && (kept[e.Name()] || !gone[e.Name()]) {
			continue
		}
		path := filepath.Join(blobs, e.Name())
		r.blobs = append(r.blobs, path)
		if info, err := os.Stat(path); err == nil {
			if e.Type()&fs.ModeSymlink != 0 {
				r.Shared += info.Size()
			} else {
				r.Bytes += info.Size()
			}
		}
	}
	return nil
}

// linked returns the names of the blobs that a snapshot's links lead to.
func linked(dir string) map[string]bool {
	names := map[string]bool{}
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			if to, err := os.Readlink(p); err == nil {
				names[filepath.Base(to)] = true
			}
		}
		return nil
	})
	return names
}

// Do deletes what was planned. It refuses while another process fetches the model. The names of
// revisions go first, so that no reader finds half a model.
func (r *Removal) Do() error {
	locks, _ := os.ReadDir(r.locks)
	for _, l := range locks {
		held := flock.New(filepath.Join(r.locks, l.Name()), flock.SetFlag(os.O_RDWR))
		ok, err := held.TryLock()
		if err == nil && !ok {
			return fmt.Errorf("remove model %s: another process fetches it; wait for that, or end it", r.repo.model)
		}
		defer held.Close()
	}
	for _, ref := range r.refs {
		if err := os.Remove(ref); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove model %s: %w", r.repo.model, err)
		}
	}
	if r.whole {
		if err := os.RemoveAll(r.repo.dir); err != nil {
			return fmt.Errorf("remove model %s: %w", r.repo.model, err)
		}
		return nil
	}
	for _, s := range r.Snapshots {
		if err := os.RemoveAll(s.Dir); err != nil {
			return fmt.Errorf("remove model %s: %w", r.repo.model, err)
		}
	}
	for _, b := range r.blobs {
		if err := os.Remove(b); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove model %s: %w", r.repo.model, err)
		}
	}
	return nil
}
