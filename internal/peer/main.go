// Peer does golens's part of the works that scripts/bench_peers.py compares with other
// tools: it waits for a line of JSON, does what it says, and answers with the seconds
// that it took and the results.
//
//	peer --model DIR [--threads N]
//
// Its requests and answers are those of scripts/bench_peers/worker.py.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A request is a work, what it is done on, and how often.
type request struct {
	Work      string    `json:"work"`
	Arguments arguments `json:"arguments"`
	Repeat    int       `json:"repeat"` // 1 unless given
}

// An answer has the seconds of each repetition, and the results of the last; or, of the
// work "hooks", the ratios of its pairs; or what went wrong.
type answer struct {
	Ready   bool            `json:"ready,omitempty"`
	Seconds []float64       `json:"seconds,omitempty"`
	Ratios  []float64       `json:"ratios,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func main() {
	folder := flag.String("model", "", "the model's folder")
	threads := flag.Int("threads", 1, "threads of libtorch")
	flag.Parse()
	if err := serve(context.Background(), *folder, *threads, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// serve opens the model, says that it is ready, and answers each line of in on out.
func serve(ctx context.Context, folder string, threads int, in io.Reader, out io.Writer) error {
	if err := torch.SetThreads(threads); err != nil {
		return err
	}
	m, err := model.Open(folder, model.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	reply := json.NewEncoder(out)
	if err := reply.Encode(answer{Ready: true}); err != nil {
		return err
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n') // of any length: a text has many tokens
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if err := reply.Encode(handle(ctx, m, line)); err != nil {
			return err
		}
	}
}

// handle does what one line asks for.
func handle(ctx context.Context, m *model.Model, line []byte) answer {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: fmt.Sprintf("%.80q is no request: %v", line, err)}
	}
	r.Repeat = max(1, r.Repeat)
	if r.Work == "hooks" {
		ratios, err := pairs(m, r.Arguments.IDs, r.Repeat)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Ratios: ratios, Answer: json.RawMessage("{}")}
	}
	work, ok := works[r.Work]
	if !ok {
		return answer{Error: fmt.Sprintf("there is no work %q", r.Work)}
	}
	var a answer
	var write func(io.Writer) error
	for range r.Repeat {
		begun := time.Now()
		var err error
		if write, err = work(ctx, m, r.Arguments); err != nil {
			return answer{Error: err.Error()}
		}
		a.Seconds = append(a.Seconds, time.Since(begun).Seconds())
	}
	var err error
	if a.Answer, err = written(write); err != nil {
		return answer{Error: err.Error()}
	}
	return a
}
