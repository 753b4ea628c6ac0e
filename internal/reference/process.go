package reference

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/golens/golens/internal/untested"
)

// Versions says what computes the reference.
type Versions struct {
	Torch        string `json:"torch"` // such as 2.11.0+cu130
	Transformers string `json:"transformers"`
	Capability   string `json:"capability"` // ATen's CPU capability, such as AVX512
	Threads      int    `json:"threads"`    // intra-op threads of the last request
}

// Version returns the reference's versions, so that a test can say that it
// compares with the libtorch that golens runs.
func Version(t testing.TB) Versions {
	t.Helper()
	a, err := start(t).do(map[string]any{"op": "info"})
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	return a.Versions
}

// A process is a running "reference.py serve". It answers one request at a time.
type process struct {
	mu     sync.Mutex
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
	broken error // set once it no longer answers
}

var shared = sync.OnceValues(func() (*process, error) {
	root, err := root()
	if err != nil {
		return nil, err
	}
	python, err := interpreter(root)
	if err != nil {
		return nil, err
	}
	return launch(python, filepath.Join(root, "scripts", "reference.py"), "serve")
})

// start returns the test binary's process. Without one it skips the test, or
// fails it where the reference is required.
func start(t testing.TB) *process {
	t.Helper()
	p, err := shared()
	if err != nil {
		unavailable(t, err)
	}
	return p
}

// unavailable ends the test for want of a reference.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("GOLENS_REQUIRE_REFERENCE") == "1" || os.Getenv("GOLENS_PYTHON") != "" {
		t.Fatalf("no PyTorch to compare with: %v", err)
	}
	untested.Missing(t, "no PyTorch to compare with, so that no number is compared: %v", err)
}

// root returns the project's folder, above the working directory of every test.
func root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "scripts", "reference.py")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("no scripts/reference.py above the working directory")
		}
		folder = parent
	}
}

// interpreter returns the path of the Python to run, for the project's folder.
// A relative $GOLENS_PYTHON with a slash is one in that folder.
func interpreter(root string) (string, error) {
	python := os.Getenv("GOLENS_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	if strings.ContainsRune(python, filepath.Separator) && !filepath.IsAbs(python) {
		python = filepath.Join(root, python)
	}
	if _, err := exec.LookPath(python); err != nil {
		return "", fmt.Errorf("no Python at %s (make test installs it; $GOLENS_PYTHON names another)", python)
	}
	return python, nil
}

// launch starts a process and waits until it answers. It ends when its stdin is
// closed, which the system does when the test binary ends.
func launch(command ...string) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	p := &process{cmd: cmd, stderr: &tail{}}
	cmd.Stderr = p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	if _, err := p.do(map[string]any{"op": "info"}); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// stop lets the process end, and waits for it and its last words.
func (p *process) stop() {
	p.in.Close()
	p.cmd.Wait()
}

type answer struct {
	Files    map[string]string `json:"arrays"`
	Versions Versions          `json:"versions"`
	Error    string            `json:"error"`

	arrays Arrays
}

// do sends a request and reads its answer with all arrays.
func (p *process) do(request map[string]any) (*answer, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	return p.send(line)
}

func (p *process) send(line []byte) (*answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return nil, p.broken
	}
	_, err := p.in.Write(append(line, '\n'))
	var reply []byte
	if err == nil {
		reply, err = p.out.ReadBytes('\n')
	}
	if err != nil {
		p.stop()
		p.broken = fmt.Errorf("the Python process ended: %w\n%s", err, p.stderr)
		return nil, p.broken
	}
	var a answer
	if err := json.Unmarshal(reply, &a); err != nil {
		return nil, fmt.Errorf("answer %.200q: %w", reply, err)
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	// The files are the process's until its next answer, so they are read before the lock goes.
	a.arrays = Arrays{}
	for name, file := range a.Files {
		if a.arrays[name], err = readNPY(file); err != nil {
			return nil, fmt.Errorf("array %s: %w", name, err)
		}
	}
	return &a, nil
}

// A tail keeps the end of what a process wrote.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (w *tail) Write(b []byte) (int, error) {
	const kept = 4096
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, b...)
	w.text = w.text[max(0, len(w.text)-kept):]
	return len(b), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(bytes.TrimSpace(w.text))
}
