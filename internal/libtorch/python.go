package libtorch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// probe prints the interpreter's path and the folder of the torch it would
// import, without importing it (which takes seconds). A mere folder named torch
// on the path is no package, has no origin, and does not count. The mark tells
// the line from whatever the site's start-up files print.
const (
	probeMark = "golens-torch\t"
	probe     = `import importlib.util, sys
spec = importlib.util.find_spec("torch")
torch = spec.submodule_search_locations[0] if spec and spec.origin else ""
print("golens-torch", sys.executable, torch, sep="\t")`
)

// FromPython returns the libtorch inside the torch that the given interpreter
// imports; version is as in Env.
func FromPython(ctx context.Context, python, version string) (*Install, error) {
	p := place{source: python, locate: func(ctx context.Context) (string, string, error) { return locateTorch(ctx, python) }}
	in, err := p.inspect(ctx, version)
	if err != nil {
		return nil, err
	}
	in.Source = "torch of " + python
	return in, nil
}

// locateTorch asks an interpreter for the folder of its torch and for its own
// absolute path.
func locateTorch(ctx context.Context, python string) (dir, executable string, err error) {
	if python == "" {
		return "", "", fmt.Errorf("%w: no such program", errNoTorch)
	}
	if strings.ContainsRune(python, filepath.Separator) {
		if python, err = filepath.Abs(python); err != nil {
			return "", "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, python, "-c", probe)
	cmd.Stderr = &stderr
	cmd.Dir = string(filepath.Separator) // "-c" puts the working folder on Python's path
	out, err := cmd.Output()
	if err != nil {
		return "", "", fmt.Errorf("%s does not run: %w%s", python, unwrapPath(err), lastLine(stderr.String()))
	}
	for line := range strings.Lines(string(out)) {
		answer, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), probeMark)
		if !ok {
			continue
		}
		executable, dir, _ = strings.Cut(answer, "\t")
		if dir == "" {
			return "", "", fmt.Errorf("%w in %s", errNoTorch, executable)
		}
		return dir, executable, nil
	}
	return "", "", fmt.Errorf("%s does not answer as Python does", python)
}

// torchBeside returns the folder of the torch that an interpreter would import, told from the
// files around it: to run it takes longer than all that golens does before a lens. python is its
// path, "" for none.
func torchBeside(python string, getenv func(string) string) (string, error) {
	if python == "" {
		return "", fmt.Errorf("%w: no such program", errNoTorch)
	}
	for _, dir := range filepath.SplitList(getenv("PYTHONPATH")) {
		if isTorch(filepath.Join(dir, "torch")) {
			return filepath.Join(dir, "torch"), nil
		}
	}
	if chosen := pyenvChoice(python, getenv); chosen != "" {
		python = chosen
	}
	prefix := filepath.Dir(filepath.Dir(python))
	var folders []string
	if _, err := os.Stat(filepath.Join(prefix, "pyvenv.cfg")); err == nil {
		folders = []string{"lib/python3*/site-packages"}
	} else {
		real, err := filepath.EvalSymlinks(python)
		if err != nil {
			return "", fmt.Errorf("%w: %s: %w", errNoTorch, python, unwrapPath(err))
		}
		prefix = filepath.Dir(filepath.Dir(real))
		name := filepath.Base(real) // python3.11, whose packages other minors do not import
		if !strings.HasPrefix(name, "python3.") {
			name = "python3*"
		}
		// Debian's own Python has the first three in this order, others the third and fourth.
		folders = []string{"local/lib/" + name + "/dist-packages", "lib/python3/dist-packages", "lib/" + name + "/site-packages", "lib64/" + name + "/site-packages"}
		if home := getenv("HOME"); home != "" {
			if found := globTorch(filepath.Join(home, ".local"), "lib/"+name+"/site-packages"); found != "" {
				return found, nil
			}
		}
	}
	for _, folder := range folders {
		if found := globTorch(prefix, folder); found != "" {
			return found, nil
		}
	}
	return "", fmt.Errorf("%w beside %s", errNoTorch, python)
}

// pyenvChoice returns the interpreter that a script of pyenv runs, "" where python is none.
func pyenvChoice(python string, getenv func(string) string) string {
	shims := filepath.Dir(python)
	if filepath.Base(shims) != "shims" {
		return ""
	}
	root := filepath.Dir(shims)
	version := getenv("PYENV_VERSION")
	if version == "" {
		text, err := os.ReadFile(filepath.Join(root, "version"))
		if err != nil {
			return ""
		}
		version = strings.TrimSpace(string(text))
	}
	for name := range strings.FieldsFuncSeq(version, func(r rune) bool { return r == ':' || r == '\n' }) {
		path := filepath.Join(root, "versions", name, "bin", filepath.Base(python))
		if _, err := os.Stat(path); err == nil {
			return path
		}
		// A version may be named by its first numbers.
		if found, _ := filepath.Glob(filepath.Join(escapeGlob(root), "versions", escapeGlob(name)+".*", "bin", filepath.Base(python))); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	return ""
}

// globTorch returns the last folder of a torch below prefix/pattern, "" for none.
func globTorch(prefix, pattern string) string {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(prefix), pattern, "torch"))
	for i := len(found) - 1; i >= 0; i-- {
		if isTorch(found[i]) {
			return found[i]
		}
	}
	return ""
}

// isTorch tells a package from a mere folder named torch.
func isTorch(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "version.py"))
	return err == nil
}

// venvTorch returns the torch folder of the virtual environment in dir, found
// by its path, so that it is found even where the base interpreter has gone.
func venvTorch(dir string) (torch, python string, err error) {
	found, err := filepath.Glob(filepath.Join(escapeGlob(dir), "lib", "python3*", "site-packages", "torch"))
	if err != nil {
		return "", "", err
	}
	if len(found) == 0 {
		return "", "", fmt.Errorf("%w in %s", errNoTorch, dir)
	}
	return found[len(found)-1], filepath.Join(dir, "bin", "python"), nil
}

// escapeGlob returns a pattern that matches path alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// lookPath returns the program that a name stands for in the folders of path,
// or the name itself if it has a folder already, or "" if there is none.
func lookPath(name, path string) string {
	if strings.ContainsRune(name, filepath.Separator) {
		return filepath.Clean(name)
	}
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, name)
		if info, err := os.Stat(full); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return full
		}
	}
	return ""
}

// lastLine returns ": " and the last line of text that is not empty, or "".
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return ": " + last
	}
	return ""
}
