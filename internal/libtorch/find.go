package libtorch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Env says where Find looks.
type Env struct {
	Getenv  func(string) string // reads a variable of the environment; nil means os.Getenv
	Root    string              // the project's folder, whose .venv comes last; "" for none
	Outside bool                // leave out Root's .venv
	Version string              // the version wanted, "" for any that is supported
}

// A place is one step of the search.
type place struct {
	source string
	named  bool // by the user, so that it is used or refused, never passed over
	locate func(context.Context) (dir, python string, err error)
}

// Find returns the libtorch to use. In this order: $LIBTORCH, the torch of $PYTHON, a torch that
// the active environment's Python can import, and the torch in the project's own .venv.
//
// A libtorch that the user named by a variable is used, or refused with an error. Another libtorch
// that does not fit is passed over, and Skipped says why. If there is none, the error is a
// *NoneError.
func Find(ctx context.Context, env Env) (*Install, error) {
	var skipped []Skipped
	for _, p := range env.places() {
		in, err := p.inspect(ctx, env.Version)
		switch {
		case err == nil && in == nil: // the project's own, met early
		case err == nil:
			in.Source, in.Skipped = p.source, skipped
			return in, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case p.named:
			return nil, fmt.Errorf("%s: %w (name another, or unset the variable to let golens search)", p.source, err)
		default:
			skipped = append(skipped, Skipped{p.source, err})
		}
	}
	return nil, &NoneError{skipped}
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
	if dir := getenv("LIBTORCH"); dir != "" {
		return []place{{"$LIBTORCH", true, func(context.Context) (string, string, error) { return dir, "", nil }}}
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
			dir, python, err := locateTorch(ctx, path)
			if env.owns(dir) {
				return "", "", nil // activating .venv must not change what is found
			}
			return dir, python, err
		}})
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := getenv(name); prefix != "" {
			ask("$"+name, filepath.Join(prefix, "bin", "python3"))
		}
	}
	ask("python3 on PATH", "python3")
	if env.Root != "" && !env.Outside {
		venv := filepath.Join(env.Root, ".venv")
		places = append(places, place{"the project's .venv", false, func(context.Context) (string, string, error) {
			return venvTorch(venv)
		}})
	}
	return places
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
