package libtorch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Env says where a libtorch is looked for.
type Env struct {
	Getenv  func(string) string // reads a variable of the environment; nil means os.Getenv
	Named   string              // a folder to take in place of all others, "" for none
	Root    string              // the project's folder, whose .venv comes late; "" for none
	Cache   string              // golens's own folder, whose libtorch comes last; "" for none
	Outside bool                // leave out Root's .venv and the cache
	Version string              // the version wanted, "" for any that is supported
}

// Here returns the environment of this process: the project's folder is the one around the
// working folder, or around the program.
func Here() Env {
	env := Env{Root: projectRoot()}
	env.Cache, _ = Cache() // without one there is no place to look
	return env
}

// projectRoot returns the folder of golens's own sources around the working folder or the
// program, "" for none.
func projectRoot() string {
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if exe, err := os.Executable(); err == nil {
		from = append(from, filepath.Dir(exe))
	}
	for _, dir := range from {
		for ; ; dir = filepath.Dir(dir) {
			text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && strings.HasPrefix(string(text), "module github.com/golens/golens\n") {
				return dir
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return ""
}

// A place is one step of the search.
type place struct {
	source string
	named  bool // by the user, so that it is used or refused, never passed over
	locate func(context.Context) (dir, python string, err error)
}

// Find returns the libtorch to use. In this order: the one that is named (Env.Named, $LIBTORCH,
// $PYTHON), a torch that the active environment's Python can import, the torch in the project's
// own .venv, and those that were fetched into the cache, newest first.
//
// A libtorch that the user named is used, or refused with an error. Another libtorch
// that does not fit is passed over, and Skipped says why. If there is none, the error is a
// *NoneError.
func Find(ctx context.Context, env Env) (*Install, error) {
	return env.find(ctx, func(*Install) error { return nil })
}

// FindToRun is Find among those that have a shim of these sources, which it returns beside.
func FindToRun(ctx context.Context, env Env, s Sources) (*Install, *Shim, error) {
	var shim *Shim
	in, err := env.find(ctx, func(in *Install) (err error) {
		shim, err = s.FindShim(in)
		return err
	})
	return in, shim, err
}

func (env Env) find(ctx context.Context, accept func(*Install) error) (*Install, error) {
	var skipped []Skipped
	for _, p := range env.places() {
		in, err := p.inspect(ctx, env.Version)
		if err == nil && in == nil { // the project's own, met early
			continue
		}
		if err == nil {
			err = accept(in)
		}
		switch {
		case err == nil:
			in.Source, in.Skipped = p.source, skipped
			return in, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case p.named && errors.As(err, new(*ShimError)):
			return nil, fmt.Errorf("%s: %w: run %s --libtorch %s", p.source, err, SetupCommand(), in.Dir)
		case p.named:
			return nil, fmt.Errorf("%s: %w", p.source, err)
		default:
			skipped = append(skipped, Skipped{p.source, err})
		}
	}
	return nil, &NoneError{skipped}
}

// All returns what became of each place of the search, in its order: the libtorch there, or
// why there is none that serves.
func All(ctx context.Context, env Env, s Sources) []Found {
	var out []Found
	for _, p := range env.places() {
		in, err := p.inspect(ctx, env.Version)
		if err == nil && in == nil {
			continue
		}
		if err == nil {
			_, err = s.FindShim(in)
		}
		out = append(out, Found{p.source, in, err})
	}
	return out
}

// A Found is what is at one place of the search.
type Found struct {
	Source  string
	Install *Install // nil where there is none
	Err     error    // why it does not serve
}

// inspect returns the libtorch at p, or an error that says why it does not
// serve, or neither if it is the project's own and another place's turn.
func (p place) inspect(ctx context.Context, version string) (*Install, error) {
	dir, python, err := p.locate(ctx)
	if err != nil || dir == "" {
		return nil, err
	}
	in, err := Inspect(dir)
	if err != nil {
		return nil, err
	}
	in.Python = python
	if err := in.CheckVersion(version); err != nil {
		return nil, err
	}
	return in, nil
}

// places returns the steps of the search, first one first.
func (env Env) places() []place {
	getenv := env.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	folder := func(dir string) func(context.Context) (string, string, error) {
		return func(context.Context) (string, string, error) { return dir, "", nil }
	}
	if env.Named != "" {
		return []place{{"--libtorch", true, folder(env.Named)}}
	}
	if dir := getenv("LIBTORCH"); dir != "" {
		return []place{{"$LIBTORCH", true, folder(dir)}}
	}
	if python := getenv("PYTHON"); python != "" {
		return []place{{"$PYTHON", true, func(ctx context.Context) (string, string, error) { return locateTorch(ctx, python) }}}
	}

	var places []place
	asked := map[string]bool{}
	ask := func(source, python string) {
		path := lookPath(python, getenv("PATH"))
		if asked[path] {
			return
		}
		asked[path] = true
		places = append(places, place{source, false, func(ctx context.Context) (string, string, error) {
			dir, err := torchBeside(path, getenv)
			if env.owns(dir) {
				return "", "", nil // activating .venv must not change what is found
			}
			return dir, path, err
		}})
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := getenv(name); prefix != "" {
			ask("$"+name, filepath.Join(prefix, "bin", "python3"))
		}
	}
	ask("python3 on PATH", "python3")
	if env.Outside {
		return places
	}
	if env.Root != "" {
		venv := filepath.Join(env.Root, ".venv")
		places = append(places, place{"the project's .venv", false, func(context.Context) (string, string, error) {
			return venvTorch(venv)
		}})
	}
	if env.Cache != "" {
		places = append(places, env.fetched()...)
	}
	return places
}

// FetchFolder returns the folder in the cache that a version of torch is fetched into; the
// libtorch is in its folder torch.
func (env Env) FetchFolder(version string) string { return filepath.Join(env.Cache, "torch-"+version) }

// fetched returns the libtorchs in the cache, newest first.
func (env Env) fetched() []place {
	const source = "golens's cache"
	dirs, _ := filepath.Glob(filepath.Join(escapeGlob(env.Cache), "torch-*", "torch"))
	if len(dirs) == 0 {
		return []place{{source, false, func(context.Context) (string, string, error) {
			return "", "", fmt.Errorf("%w in %s", errNoTorch, env.Cache)
		}}}
	}
	slices.SortFunc(dirs, func(a, b string) int {
		am, an, _ := parseVersion(strings.TrimPrefix(filepath.Base(filepath.Dir(a)), "torch-"))
		bm, bn, _ := parseVersion(strings.TrimPrefix(filepath.Base(filepath.Dir(b)), "torch-"))
		return (bm-am)*1000 + bn - an
	})
	var out []place
	for _, dir := range dirs {
		out = append(out, place{source, false, func(context.Context) (string, string, error) { return dir, "", nil }})
	}
	return out
}

// owns reports whether dir lies in a virtual environment of the project.
func (env Env) owns(dir string) bool {
	if env.Root == "" || dir == "" {
		return false
	}
	root, err := filepath.Abs(env.Root)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, dir)
	return err == nil && strings.HasPrefix(rel, ".venv")
}

// lacksShim returns the first libtorch among the places passed over that only lacks its shim.
func lacksShim(skipped []Skipped) *Install {
	for _, s := range skipped {
		if e := new(ShimError); errors.As(s.Err, &e) {
			return e.Install
		}
	}
	return nil
}
