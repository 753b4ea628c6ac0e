package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// Progress says how far a measurement is.
type Progress struct {
	Work     string // what is measured next
	Done, Of int    // runs, pairs of them counted once
}

// slot is the approximate time for which one work runs before the next.
const slot = 300 * time.Millisecond

// limitRounds is the number of rounds in which the machine's limits are measured. Later rounds
// usually have only a few long works.
const limitRounds = 10

// Run measures a model. The works take turns, so that a change of the machine's pace affects all
// of them. In each round every work runs for a moment, and the limits of the machine are measured.
//
// If ctx is done or a work fails, Run returns the error together with the Result of what was
// measured, which is nil if that is nothing.
func Run(ctx context.Context, m *model.Model, s Settings, progress func(Progress)) (*Result, error) {
	s = s.Defaults()
	if err := s.check(); err != nil {
		return nil, err
	}
	works, notes, err := worksOf(m, s)
	if err != nil {
		return nil, err
	}
	if len(works) == 0 {
		return nil, choice("nothing is left to measure: %s", strings.Join(append(notes, "no mode that was asked for has such a work"), "; "))
	}
	if err := tryKernel(ctx, m, s); err != nil {
		return nil, err
	}
	out, err := Here(m)
	if err != nil {
		return nil, err
	}
	out.Settings, out.Notes = s, notes
	r := &runner{Settings: s, m: m, works: works, meter: newMeter(m), progress: progress, peaks: proc.ResetPeak() == nil, out: out}
	err = r.run(ctx)
	if out = r.finish(); out == nil && err == nil {
		err = choice("nothing was measured: %s is too short for the shortest work", s.Time)
	}
	return out, err
}

// Here returns a result without rows. It describes the machine, the model and the libraries, so
// that another result can be checked against a measurement that is still to come.
func Here(m *model.Model) (*Result, error) {
	manifest, err := lens.ManifestOf(m)
	if err != nil {
		return nil, err
	}
	manifest.Mode, manifest.Kernel = "", "" // each row has its own
	r := &Result{Format: Format, Manifest: manifest, Machine: Machine{Processors: runtime.GOMAXPROCS(0)}}
	r.Machine.Load, _ = load()
	return r, nil
}

// tryKernel reads one token by the requested kernel, so that a kernel which does not serve fails
// before the long work.
func tryKernel(ctx context.Context, m *model.Model, s Settings) error {
	if s.Kernel == lens.Auto || !slices.Contains(s.Modes, Fast) {
		return nil
	}
	_, err := lens.Read(ctx, m, idsOf(1, m.Sizes.Vocab), lens.Options{Fast: true, Kernel: s.Kernel})
	return err
}

// A runner is a measurement in progress.
type runner struct {
	Settings
	m        *model.Model
	works    []*work
	meter    *meter
	progress func(Progress)
	peaks    bool // the peak of memory can be begun anew
	end      time.Time
	out      *Result
}

func (r *runner) run(ctx context.Context) error {
	for round := 0; ; round++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if round < limitRounds && r.left() {
			r.tell("the machine's limits")
			if err := r.meter.measure(2); err != nil {
				return err
			}
		}
		if r.Time > 0 && round == 0 {
			r.end = time.Now().Add(r.Time)
		}
		if !r.left() {
			return nil
		}
		for _, w := range r.works {
			if err := r.turn(ctx, w); err != nil {
				return err
			}
		}
	}
}

// left reports whether a work has runs left, and time for them.
func (r *runner) left() bool {
	return slices.ContainsFunc(r.works, r.due)
}

// due reports whether the next run of a work will end in time.
func (r *runner) due(w *work) bool {
	if !w.left() {
		return false
	}
	return r.end.IsZero() || time.Now().Add(r.expected(w)).Before(r.end)
}

// expected returns the expected time of the next run of a work. It is that of the latest run.
// Before the first run, it follows from the same work on fewer tokens and the number of
// operations. It is 0 if nothing is known.
func (r *runner) expected(w *work) time.Duration {
	if w.warm {
		return w.took
	}
	var known time.Duration
	for _, o := range r.works {
		if o.warm && o.Work == w.Work && o.Mode == w.Mode && o.Cost.FLOPs > 0 {
			known = time.Duration(float64(o.took) * w.Cost.FLOPs / o.Cost.FLOPs) // the longest one comes last
		}
	}
	return known
}

// turn runs a work for a moment, at least once.
func (r *runner) turn(ctx context.Context, w *work) error {
	if !r.due(w) {
		return nil
	}
	if !w.warm {
		return r.first(ctx, w)
	}
	for began := time.Now(); r.due(w); {
		if err := r.measure(ctx, w); err != nil {
			return err
		}
		if time.Since(began) > slot {
			break
		}
	}
	return nil
}

// first warms a work up, times one run, and measures its memory. So each work has one time as soon
// as possible.
func (r *runner) first(ctx context.Context, w *work) error {
	r.tell(w.Name() + ", to warm up")
	torch.Trim() // what others left behind is not this one's
	if r.peaks {
		proc.ResetPeak()
	}
	kindIsWarm := slices.ContainsFunc(r.works, func(o *work) bool { return o.warm && o.Work == w.Work && o.Mode == w.Mode })
	w.warm = true
	s, err := seconds(ctx, w.once)
	if err == nil && w.plain != nil {
		_, err = seconds(ctx, w.plain)
	}
	if err != nil {
		return w.fail(err)
	}
	w.took = time.Duration(s * float64(time.Second))
	// A long run of what was run before, if at another length, is as good as any.
	if s > longRun && kindIsWarm && w.plain == nil {
		w.Seconds = append(w.Seconds, s)
	} else if err := r.measure(ctx, w); err != nil {
		return err
	}
	if r.peaks {
		w.Peak = peak()
	}
	if !r.m.Device.Host() {
		return w.fail(w.count(ctx))
	}
	return nil
}

// longRun is the time in seconds from which a run needs no warm-up of its own.
const longRun = 2

// measure times one more run.
func (r *runner) measure(ctx context.Context, w *work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.tell(w.Name())
	return w.measure(ctx)
}

func (r *runner) tell(what string) {
	if r.progress == nil {
		return
	}
	p := Progress{Work: what}
	for _, w := range r.works {
		p.Done += len(w.Seconds)
		p.Of += w.wanted
	}
	r.progress(p)
}

// measure takes one time. For hooks it takes one with captures and one without, in an order that
// changes from pair to pair.
func (w *work) measure(ctx context.Context) error {
	began := time.Now()
	if w.plain == nil {
		s, err := seconds(ctx, w.once)
		if err == nil {
			w.Seconds = append(w.Seconds, s)
		}
		w.took = time.Since(began)
		return w.fail(err)
	}
	var pair [2]float64
	order := []int{0, 1}
	if len(w.Seconds)%2 == 1 {
		order = []int{1, 0}
	}
	for _, i := range order {
		var err error
		if pair[i], err = seconds(ctx, []func(context.Context) error{w.once, w.plain}[i]); err != nil {
			return w.fail(err)
		}
	}
	w.Seconds, w.Overhead.Plain = append(w.Seconds, pair[0]), append(w.Overhead.Plain, pair[1])
	w.took = time.Since(began)
	return nil
}

func seconds(ctx context.Context, f func(context.Context) error) (float64, error) {
	began := time.Now()
	err := f(ctx)
	return time.Since(began).Seconds(), err
}

// fail says which work failed.
func (w *work) fail(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("bench: %s: %w", w.Name(), err)
}
