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
