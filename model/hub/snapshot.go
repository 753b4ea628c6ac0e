package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/golens/golens/model/checkpoint"
)

// A repo is the folder that the cache keeps for one model: refs/REVISION is a
// file with the commit, snapshots/COMMIT/ holds the model's files as links into
// blobs/.
type repo struct {
	model, revision, dir string
}

// commit is a full commit, the one kind of revision that needs no file in refs.
var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// read lists, as patterns, the files of a snapshot that golens reads: these
// must be whole. Others, such as PyTorch's own weights, may have been removed
// to save space.
var read = []string{"config.json", "model*.safetensors", "model.safetensors.index.json",
	"vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}

// snapshot returns the folder of the revision's files after checking it.
func (r repo) snapshot(part Part) (string, error) {
	hash := r.revision
	if !commit.MatchString(hash) {
		content, err := os.ReadFile(filepath.Join(r.dir, "refs", filepath.FromSlash(r.revision)))
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s has no revision %s%s%s", r.dir, r.revision, r.others(), r.interrupted())
		}
		if err != nil {
			return "", err
		}
		hash = strings.TrimSpace(string(content))
		if !filepath.IsLocal(hash) || hash == "." || strings.ContainsAny(hash, "/\\\x00") {
			return "", fmt.Errorf("%s does not name a commit", filepath.Join(r.dir, "refs", r.revision))
		}
	}
	dir := filepath.Join(r.dir, "snapshots", hash)
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s has no snapshot of %s%s", r.dir, hash, r.others())
	}
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if part == Adapter || !slices.ContainsFunc(read, func(pattern string) bool { ok, _ := path.Match(pattern, f.Name()); return ok }) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, f.Name())); err != nil {
			return "", fmt.Errorf("the snapshot is incomplete: %s cannot be read: %w%s", f.Name(), err, r.interrupted())
		}
	}
	if missing := part.missing(dir); missing != nil {
		return "", fmt.Errorf("the snapshot %s is incomplete: %w%s", dir, missing, r.interrupted())
	}
	return dir, nil
}

// missing returns an error that says what a folder lacks of a part, or nil.
func (p Part) missing(dir string) error {
	switch p {
	case Adapter:
		return checkpoint.MissingAdapter(dir)
	case Text:
		if _, err := os.Stat(filepath.Join(dir, checkpoint.ConfigName)); err != nil {
			return fmt.Errorf("it has no %s", checkpoint.ConfigName)
		}
		return nil
	}
	return checkpoint.Missing(dir)
}

// others says which revisions and commits the cache holds instead.
func (r repo) others() string {
	var have []string
	refs := filepath.Join(r.dir, "refs")
	_ = filepath.WalkDir(refs, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(refs, p)
			have = append(have, filepath.ToSlash(name))
		}
		return nil
	})
	snapshots, _ := os.ReadDir(filepath.Join(r.dir, "snapshots"))
	for _, s := range snapshots {
		have = append(have, s.Name())
	}
	if len(have) == 0 {
		return ", and no other"
	}
	return "; it has " + strings.Join(have[:min(len(have), 8)], ", ") + " (give one as " + r.model + "@REVISION)"
}

// interrupted says whether the cache shows that a download was cut off.
func (r repo) interrupted() string {
	blobs, _ := os.ReadDir(filepath.Join(r.dir, "blobs"))
	for _, b := range blobs {
		if strings.HasSuffix(b.Name(), ".incomplete") {
			return " (a download was interrupted)"
		}
	}
	return ""
}
