package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golens/golens/internal/proc"
)

// A template is a program of whoever made the model's folder. What it may take:
const (
	deadline  = 10 * time.Second // for one conversation
	maxMemory = 1 << 30          // bytes, beyond those that the process begins with
	maxStack  = 64 << 20         // bytes, of macros that call each other
	maxText   = 16 << 20         // bytes of a conversation's text
)

// childsMark is the variable that tells a child process what it is.
const childsMark = "GOLENS_CHAT_TEMPLATE"

// A Process runs a template apart from the program, so that a template which never ends
// or fills the memory harms nobody. One goroutine at a time may use it.
type Process struct {
	template *Template
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *json.Decoder
	stderr   bytes.Buffer
	broken   error
}

type work struct {
	Template *Template
	Messages []Message
	Options  Options
}

type answer struct{ Text, Err string }

// Start starts a process for the template. The program must call Child first in its main.
func (t *Template) Start() (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	p := &Process{template: t, cmd: exec.Command(self)}
	p.cmd.Env = append(os.Environ(), childsMark+"=1")
	p.cmd.Stderr = &p.stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	return p, nil
}

// Render returns the text of a conversation, as Template.Render does. It ends with the
// context. A conversation that takes more than ten seconds or a gigabyte of memory is an
// error, and ends the process.
func (p *Process) Render(ctx context.Context, messages []Message, o Options) (string, error) {
	if p.broken != nil {
		return "", p.broken
	}
	limited, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	var a answer
	done := make(chan error, 1)
	go func() {
		err := json.NewEncoder(p.in).Encode(work{p.template, messages, o})
		if err == nil {
			err = p.out.Decode(&a)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			p.broken = p.why(err)
			return "", p.broken
		}
	case <-limited.Done():
		p.cmd.Process.Kill()
		<-done
		if p.broken = context.Cause(ctx); p.broken == nil {
			p.broken = fmt.Errorf("chat template: %s does not end within %v", p.template.File, deadline)
		}
		return "", p.broken
	}
	if a.Err != "" {
		return "", errors.New(a.Err)
	}
	return a.Text, nil
}

// why says what ended the process.
func (p *Process) why(err error) error {
	p.Close()
	switch said := p.stderr.String(); {
	case strings.Contains(said, "stack exceeds"):
		return fmt.Errorf("chat template: %s calls itself without end", p.template.File)
	case strings.Contains(said, "out of memory") || strings.Contains(said, "cannot allocate memory"):
		return fmt.Errorf("chat template: %s takes more than %d MB of memory", p.template.File, maxMemory>>20)
	case said != "":
		return fmt.Errorf("chat template: %s: %.200s", p.template.File, said)
	}
	return fmt.Errorf("chat template: %s: %w", p.template.File, err)
}

// Close ends the process.
func (p *Process) Close() error {
	p.in.Close()
	return p.cmd.Wait()
}

// Child does the work of a process that Start started, and ends it; elsewhere it returns
// at once.
func Child() {
	if os.Getenv(childsMark) == "" {
		return
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(in io.Reader, out io.Writer) error {
	debug.SetMaxStack(maxStack)
	var limit unix.Rlimit
	if now, err := proc.Status("VmData"); err == nil && unix.Getrlimit(unix.RLIMIT_DATA, &limit) == nil {
		limit.Cur = min(limit.Max, uint64(now)+maxMemory)
		// Where the system has no such limit, the deadline remains.
		_ = unix.Setrlimit(unix.RLIMIT_DATA, &limit)
	}
	works, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var w work
		if err := works.Decode(&w); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var a answer
		text, err := w.Template.Render(w.Messages, w.Options)
		if err == nil && len(text) > maxText {
			err = fmt.Errorf("chat template: it makes a text of more than %d MB", maxText>>20)
		}
		if err != nil {
			a.Err = err.Error()
		} else {
			a.Text = text
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}
