package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// aliases pairs the short names that the hub gave its first models with their
// full ones. A model may lie in the cache under either.
var aliases = [][2]string{
	{"gpt2", "openai-community/gpt2"},
	{"gpt2-medium", "openai-community/gpt2-medium"},
	{"gpt2-large", "openai-community/gpt2-large"},
	{"gpt2-xl", "openai-community/gpt2-xl"},
	{"distilgpt2", "distilbert/distilgpt2"},
}

// An OfflineError says that the environment forbids requests to the hub.
type OfflineError struct{ Variable string }

func (e *OfflineError) Error() string { return e.Variable + " is set, so that nothing is fetched" }

// A Part says what is needed of a model.
type Part int

const (
	Whole   Part = iota // configuration, tokenizer and weights; where a repository holds an adapter and no model, the adapter
	Text                // configuration and tokenizer
	Adapter             // what describes a LoRA adapter, and its tensors
)

// Find returns the folder of a model or an adapter in the local cache: the snapshot with the files
// of the part.
//
// A name is MODEL or ORG/MODEL. It can end in @REVISION, a branch, a tag or a full commit; the
// default is main. A model with two names, such as gpt2 and openai-community/gpt2, is found by
// both. A name that differs only in capitals is found if there is no other. env is a function such
// as os.Getenv that says where the cache is; see Cache.
//
// These are errors: a malformed name; a model or revision that the cache lacks; a snapshot without
// a necessary file, or with links to files that are gone. For a missing model, the error names the
// searched place, similar names there, and how to fetch the model.
func Find(name string, part Part, env func(string) string) (dir string, err error) {
	model, revision, err := ParseName(name)
	if err != nil {
		return "", err
	}
	cache, variable, err := Cache(env)
	if err != nil {
		return "", err
	}
	var problem error
	for _, n := range spellings(model, cache) {
		r := repo{model: n, revision: revision, dir: filepath.Join(cache, Folder(n))}
		if _, err := os.Stat(r.dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		dir, err := r.snapshot(part)
		if err == nil {
			return dir, nil
		}
		if problem == nil {
			problem = &MissingError{fmt.Errorf("find model %s: %w", name, err), fetchName(n, revision)}
		}
	}
	if problem != nil {
		return "", problem
	}
	return "", notCached(model, revision, cache, variable)
}

// spellings returns the names under which a model may lie in the cache: its own, its
// alias, and those that differ from it in capitals.
func spellings(model, cache string) []string {
	names := []string{model}
	for _, pair := range aliases {
		if i := slices.Index(pair[:], model); i >= 0 {
			names = append(names, pair[1-i])
		}
	}
	for _, n := range cached(cache) {
		if strings.EqualFold(n, model) && n != model {
			names = append(names, n)
		}
	}
	return names
}

// cached returns the names of the models that the cache has a folder of.
func cached(cache string) (names []string) {
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		if name := modelName(e.Name()); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// fetchName returns how the command line names the model.
func fetchName(model, revision string) string {
	if revision == "main" {
		return model
	}
	return model + "@" + revision
}

// part is what either half of a model's name consists of.
var part = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?$`)

// ref is what a revision consists of: parts with slashes between them.
var ref = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$`)

// ParseName checks a name by the hub's rules and returns its parts. The default revision is main.
func ParseName(name string) (model, revision string, err error) {
	model, revision, given := strings.Cut(name, "@")
	if !given {
		revision = "main"
	}
	parts := strings.Split(model, "/")
	ok := len(parts) <= 2 && !strings.Contains(model, "--") && !strings.Contains(model, "..") && !strings.HasSuffix(model, ".git")
	for _, p := range parts {
		ok = ok && part.MatchString(p)
	}
	if !ok {
		return "", "", fmt.Errorf("find model %q: not a name of the Hugging Face hub, which is MODEL or ORG/MODEL "+
			"in letters, digits, '-', '_' and '.'; a folder must exist to be taken as one", name)
	}
	// A revision becomes part of a path and of the command that errors advise.
	if !ref.MatchString(revision) || !filepath.IsLocal(revision) || strings.Contains(revision, "..") {
		return "", "", fmt.Errorf("find model %q: the revision %q is not a branch, a tag or a commit", name, revision)
	}
	return model, revision, nil
}

// Folder returns the name of a model's folder in the cache.
func Folder(model string) string {
	return "models--" + strings.ReplaceAll(model, "/", "--")
}

// modelName returns the model of a folder, "" for a folder of another kind.
func modelName(folder string) string {
	model, ok := strings.CutPrefix(folder, "models--")
	if !ok {
		return ""
	}
	return strings.Replace(model, "--", "/", 1)
}
