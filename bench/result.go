package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/golens/golens/lens"
)

// Format names the layout of a Result in JSON.
const Format = "golens-bench-1"

// A Kind names a work.
type Kind string

const (
	Forward  Kind = "forward"  // the model's logits [1,T,V]
	Hooks    Kind = "hooks"    // the forward with a capture in each block, and without
	Lens     Kind = "lens"     // every row at every position, next tokens as targets
	Sweep    Kind = "sweep"    // every block's output scaled, one after the other
	Generate Kind = "generate" // new tokens with the lens of each
	Text     Kind = "text"     // a text in chunks, means of every statistic
)

// Kinds are all works, in the order of a table.
var Kinds = []Kind{Forward, Hooks, Lens, Sweep, Generate, Text}

// Modes are the ways in which numbers are made.
const (
	Exact = "exact"
	Fast  = "fast"
)

// A Result is what one run measured.
type Result struct {
	Format   string        `json:"format"`
	Manifest lens.Manifest `json:"manifest"` // without the weights' digest: they make no time
	Machine  Machine       `json:"machine"`
	Settings Settings      `json:"settings"`
	Limits   Limits        `json:"limits"`
	Rows     []Row         `json:"rows"`
	Notes    []string      `json:"notes,omitempty"` // sentences for the user
}

// A Machine describes the machine beyond the manifest.
type Machine struct {
	Processors int     `json:"processors"` // that the process may use
	Load       float64 `json:"load"`       // the system's average of one minute before the run; 0 where it is unknown
}

// Limits are the best rates that the machine reached in the run.
type Limits struct {
	DType    string  `json:"dtype"`            // of the product
	By       string  `json:"products_by"`      // whose product was the faster: libtorch or golens
	Products Summary `json:"products_seconds"` // times of one product
	Memory   Summary `json:"memory_seconds"`   // times of one pass over an array
	FLOPS    float64 `json:"flops_per_second"`
	Bytes    float64 `json:"bytes_per_second"`
}

// A Row is one work at one length. Times are in seconds.
type Row struct {
	Work   Kind   `json:"work"`
	Mode   string `json:"mode"`
	Kernel string `json:"kernel"` // aten, f32, x3 or tf32x3
	T      int    `json:"tokens"` // of the prompt, or of a chunk
	Each   int    `json:"each"`   // tokens that one run counts as, see Row.Rate

	Seconds []float64 `json:"seconds"` // every run, in the order in which they were made
	Time    Summary   `json:"time"`
	Rate    float64   `json:"tokens_per_second"` // Each over the median

	Cost     Cost    `json:"cost"`
	Products float64 `json:"share_of_products"` // of the machine's limit, by the best time
	Memory   float64 `json:"share_of_memory"`
	Peak     int64   `json:"peak_bytes,omitempty"` // of the process, weights included; 0 where it is unknown

	Overhead *Overhead `json:"overhead,omitempty"` // of hooks
	Device   *Device   `json:"device,omitempty"`   // where the model is on a GPU
}

// An Overhead compares runs with and without captures, made in turns.
type Overhead struct {
	Captures int       `json:"captures"`
	Plain    []float64 `json:"plain_seconds"` // of the runs without
	Ratio    Summary   `json:"ratio"`         // of the pairs: with over without
}

// Name returns the name of the row, unique within a Result: "lens fast T=14".
func (r Row) Name() string { return fmt.Sprintf("%s %s T=%d", r.Work, r.Mode, r.T) }

// settle computes the fields that follow from the times.
func (r *Row) settle(l Limits) {
	r.Time = Summarise(r.Seconds)
	if r.Time.Median > 0 {
		r.Rate = float64(r.Each) / r.Time.Median
	}
	if r.Time.Best > 0 && l.FLOPS > 0 && l.Bytes > 0 {
		r.Products = r.Cost.FLOPs / r.Time.Best / l.FLOPS
		r.Memory = r.Cost.Bytes / r.Time.Best / l.Bytes
	}
	if o := r.Overhead; o != nil {
		var ratios []float64
		for i, plain := range o.Plain {
			if plain > 0 {
				ratios = append(ratios, r.Seconds[i]/plain)
			}
		}
		o.Ratio = Summarise(ratios)
	}
}

// Read reads a Result from JSON. It computes summaries again from the times.
func Read(in io.Reader) (*Result, error) {
	r := &Result{}
	if err := json.NewDecoder(in).Decode(r); err != nil {
		return nil, fmt.Errorf("it is no JSON of golens bench: %w", err)
	}
	if r.Format != Format {
		return nil, errors.New("it is no result of golens bench")
	}
	if r.Limits.By == "" { // from before there was a choice
		r.Limits.By = "libtorch"
	}
	seen := map[string]bool{}
	for i := range r.Rows {
		row := &r.Rows[i]
		switch {
		case seen[row.Name()]:
			return nil, fmt.Errorf("%s is there twice", row.Name())
		case len(row.Seconds) == 0:
			return nil, fmt.Errorf("%s has no times", row.Name())
		case row.Overhead != nil && len(row.Overhead.Plain) != len(row.Seconds):
			return nil, fmt.Errorf("%s has %d times with captures and %d without", row.Name(), len(row.Seconds), len(row.Overhead.Plain))
		}
		times := row.Seconds
		if row.Overhead != nil {
			times = slices.Concat(times, row.Overhead.Plain)
		}
		for _, s := range times {
			if !(s > 0) {
				return nil, fmt.Errorf("%s has a time of %v s", row.Name(), s)
			}
		}
		seen[row.Name()] = true
		row.settle(r.Limits)
	}
	return r, nil
}
