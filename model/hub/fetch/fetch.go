// Package fetch fetches models from the Hugging Face hub into the local cache, in the layout that
// Python's huggingface_hub shares. Each of the two finds what the other has fetched.
//
// A LoRA adapter is fetched in the same way.
//
// A model costs one request for its list of files, and at most two for each file that the cache
// lacks. A file gets its final name only when all its bytes are there and its checksum is right.
// The name of the revision is written last. So readers never see half a file, or half a model by
// its name. After an interruption, the next call continues where the last one stopped.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/hub/remote"
)

// A Watcher gets the progress of a fetch. One goroutine calls its methods.
type Watcher interface {
	// Plan says what is to come. It is called when the sizes are known, before the
	// first byte of weights.
	Plan(Plan)
	// Moved says how many bytes of the plan are there, and which file comes.
	Moved(file string, done int64)
	// Waiting says why nothing comes for a while.
	Waiting(why string)
}

// A Plan says what a fetch will fetch.
type Plan struct {
	Model, Commit string
	Folder        string // the snapshot
	Files         int    // that do not lie in the cache
	Bytes         int64  // of these files
	There         int64  // of these bytes, what an earlier call left
	Free          int64  // bytes of the disk that are free, -1 where the system does not tell
}

// Options say how to fetch. The zero Options use the environment and report no progress.
type Options struct {
	Env     func(string) string // os.Getenv where it is nil
	Agent   string              // the User-Agent of requests
	Watcher Watcher
	// Check looks at a folder that has all but the weights. Its error ends the fetch
	// before the weights come, so that nobody waits for a model that cannot be used.
	Check func(dir string) error

	client func(*remote.Client) // tests set it
}

// Model fetches a part of a model by its name, and returns the folder of its snapshot. A name is
// as for hub.Find. The hub is always asked for the commit of the revision, unless that is a full
// commit in the cache. What the cache has of that commit is not fetched again.
//
// An error says in a sentence what the hub, the network or the disk refuses. After any error, and
// after the end of ctx, the same call continues where this one stopped.
func Model(ctx context.Context, name string, part hub.Part, o Options) (dir string, err error) {
	if o.Env == nil {
		o.Env = os.Getenv
	}
	model, revision, err := hub.ParseName(name)
	if err != nil {
		return "", err
	}
	cache, _, err := hub.Cache(o.Env)
	if err != nil {
		return "", err
	}
	if remote.IsCommit(revision) {
		if dir, err := hub.Find(name, part, o.Env); err == nil {
			return dir, nil
		}
	}
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("fetch model %s: %w", name, err)
	}
	if variable := remote.Offline(o.Env); variable != "" {
		return fail(&hub.OfflineError{Variable: variable})
	}
	client, err := remote.New(o.Env, o.Agent)
	if err != nil {
		return fail(err)
	}
	defer client.Close()
	f := &fetcher{Options: o, client: client, cache: cache, model: model}
	if o.Watcher != nil {
		client.Waiting = func(why string, d time.Duration) { o.Watcher.Waiting(fmt.Sprintf("%s; trying again in %v", why, d)) }
	}
	if o.client != nil {
		o.client(client)
	}
	dir, err = f.run(ctx, revision, part)
	if err != nil {
		return fail(f.withSimilar(err))
	}
	return dir, nil
}

// A fetcher is one call of Model.
type fetcher struct {
	Options
	client *remote.Client
	cache  string
	model  string // the name under which it is kept
	repo   *remote.Model
	store  *store
	done   int64 // bytes of the plan that are there
}

// withSimilar adds the cache's models of similar names where the hub knows none of this
// name, or cannot be asked.
func (f *fetcher) withSimilar(err error) error {
	var refused *remote.Error
	if f.repo != nil || errors.Is(err, context.Canceled) || errors.As(err, &refused) && refused.Reason != remote.NoModel {
		return err
	}
	if near := hub.Similar(f.model, f.cache); len(near) > 0 {
		return fmt.Errorf("%w; models with similar names in the cache: %s", err, strings.Join(near, ", "))
	}
	return err
}

func (f *fetcher) run(ctx context.Context, revision string, part hub.Part) (string, error) {
	var err error
	if f.repo, err = f.client.Model(ctx, f.model, revision); err != nil {
		return "", err
	}
	// The hub takes names in any case. The right one is kept, so that each model has one folder. An
	// old name of a renamed model stays as it is, as in Python.
	if strings.EqualFold(f.repo.ID, f.model) {
		f.model = f.repo.ID
	}
	bring, err := f.what(part)
	if err != nil {
		return "", err
	}
	if f.store, err = newStore(f.cache, f.model, f.repo.Commit); err != nil {
		return "", err
	}
	if err := bring(ctx); err != nil {
		return "", err
	}
	if !remote.IsCommit(revision) {
		if err := f.store.setRef(revision); err != nil {
			return "", err
		}
	}
	return f.store.snapshot, nil
}

// what returns what fetches the files of a part.
func (f *fetcher) what(part hub.Part) (func(context.Context) error, error) {
	_, isModel := f.find(checkpoint.ConfigName)
	_, isAdapter := f.find(checkpoint.AdapterName)
	switch {
	case part == hub.Adapter && !isAdapter:
		return nil, fmt.Errorf("it has no %s, so that it is no adapter", checkpoint.AdapterName)
	case part == hub.Adapter, part == hub.Whole && isAdapter && !isModel:
		return f.adapter, nil
	case !isModel:
		return nil, fmt.Errorf("it has no config.json, so that no model can be made of it%s", f.others())
	case part == hub.Text:
		return f.describe, nil
	}
	return f.whole, nil
}

// describe fetches configuration and tokenizer.
func (f *fetcher) describe(ctx context.Context) error {
	for _, t := range f.texts() {
		if err := f.file(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// whole fetches a model.
func (f *fetcher) whole(ctx context.Context) error {
	if err := f.describe(ctx); err != nil {
		return err
	}
	if err := f.check(ctx); err != nil {
		return err
	}
	return f.weights(ctx)
}

// check asks Check before the weights come. Where it refuses, the model card is fetched as well,
// because the reason can name what the card says, such as an unquantized model.
func (f *fetcher) check(ctx context.Context) error {
	if f.Check == nil {
		return nil
	}
	refused := f.Check(f.store.snapshot)
	if refused == nil {
		return nil
	}
	if card, ok := f.find(checkpoint.CardName); ok && card.Size <= maxCard && f.file(ctx, card) == nil {
		refused = cmp.Or(f.Check(f.store.snapshot), refused)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w; its weights were not fetched", refused)
}

// maxCard is the size in bytes of the largest model card that is fetched for a reason.
const maxCard = 1 << 20

// adapter fetches the description and the tensors of an adapter.
func (f *fetcher) adapter(ctx context.Context) error {
	name, err := checkpoint.ChooseAdapter(func(name string) bool { _, ok := f.find(name); return ok })
	if err != nil {
		return fmt.Errorf("it has no tensors of an adapter that golens reads: %w%s", err, f.others())
	}
	description, _ := f.find(checkpoint.AdapterName)
	if err := f.file(ctx, description); err != nil {
		return err
	}
	tensors, _ := f.find(name)
	if err := f.plan([]remote.File{tensors}); err != nil {
		return err
	}
	return f.file(ctx, tensors)
}

// texts returns the files of configuration and tokenizer, config.json first: what is
// wrong with a model shows there.
func (f *fetcher) texts() (list []remote.File) {
	for _, file := range f.repo.Files {
		switch {
		case file.Path == checkpoint.ConfigName:
			list = slices.Insert(list, 0, file)
		case checkpoint.IsText(file.Path):
			list = append(list, file)
		}
	}
	return list
}

// find returns the file of the repository at a path.
func (f *fetcher) find(path string) (remote.File, bool) {
	i := slices.IndexFunc(f.repo.Files, func(file remote.File) bool { return file.Path == path })
	if i < 0 {
		return remote.File{}, false
	}
	return f.repo.Files[i], true
}

// others says which weights that golens does not read the repository holds.
func (f *fetcher) others() string {
	var names []string
	for _, file := range f.repo.Files {
		if checkpoint.IsWeights(file.Path) {
			names = append(names, file.Path)
		}
	}
	if len(names) == 0 {
		return ""
	}
	more := ""
	if len(names) > 5 {
		names, more = names[:5], ", ..."
	}
	return "; it has " + strings.Join(names, ", ") + more
}

// weights fetches the file of the weights, or their index and its shards.
func (f *fetcher) weights(ctx context.Context) error {
	config, err := os.ReadFile(filepath.Join(f.store.snapshot, checkpoint.ConfigName))
	if err != nil {
		return err
	}
	name, err := checkpoint.Choose(config, func(name string) bool { _, ok := f.find(name); return ok })
	if err != nil {
		return fmt.Errorf("it has no weights that golens reads: %w%s", err, f.others())
	}
	first, _ := f.find(name)
	list := []remote.File{first}
	if checkpoint.IsIndex(name) {
		if err := f.file(ctx, first); err != nil {
			return err
		}
		if list, err = f.shards(name); err != nil {
			return err
		}
	}
	if err := f.plan(list); err != nil {
		return err
	}
	for _, file := range list {
		if err := f.file(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// shards returns the files that a fetched index lists.
func (f *fetcher) shards(index string) ([]remote.File, error) {
	text, err := os.ReadFile(filepath.Join(f.store.snapshot, filepath.FromSlash(index)))
	if err != nil {
		return nil, err
	}
	names, err := checkpoint.Shards(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	var list []remote.File
	for _, name := range names {
		file, ok := f.find(name)
		if !ok {
			return nil, fmt.Errorf("%s lists the shard %s, which the repository does not have", index, name)
		}
		list = append(list, file)
	}
	return list, nil
}

// plan tells what comes, and refuses what the disk has no room for.
func (f *fetcher) plan(list []remote.File) error {
	p := Plan{Model: f.model, Commit: f.repo.Commit, Folder: f.store.snapshot, Free: free(f.cache)}
	for _, file := range list {
		if f.store.has(file) {
			continue
		}
		p.Files++
		p.Bytes += max(file.Size, 0)
		p.There += f.store.begun(file)
	}
	if p.Files == 0 {
		return nil
	}
	f.done = 0
	if f.Watcher != nil {
		f.Watcher.Plan(p)
	}
	if need := p.Bytes - p.There; p.Free >= 0 && need > p.Free {
		return fmt.Errorf("the disk of %s has %s free, and %s are to come; free some, or name another folder by HF_HUB_CACHE", f.cache, hub.Bytes(p.Free), hub.Bytes(need))
	}
	return nil
}
