package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/report/terminal"
)

// BenchTables returns what was measured, a line for each work: as one table, or as two
// where the width, in columns, is too small for that.
func BenchTables(r *bench.Result, width int) []*figure.Table {
	name := []figure.TableColumn{{Head: "work"}, {Head: "mode"}, {Head: "T", Right: true}}
	times := &figure.Table{Columns: append(slices.Clone(name), figure.TableColumn{Head: "runs", Right: true}, figure.TableColumn{Head: "best", Right: true}, figure.TableColumn{Head: "median", Right: true},
		figure.TableColumn{Head: "spread", Right: true}, figure.TableColumn{Head: "tokens/s", Right: true})}
	shares := &figure.Table{Columns: append(slices.Clone(name), figure.TableColumn{Head: "products", Right: true}, figure.TableColumn{Head: "memory", Right: true}, figure.TableColumn{Head: "peak", Right: true})}
	for _, w := range r.Rows {
		name := []string{string(w.Work), modeText(w), fmt.Sprint(w.T)}
		times.Rows = append(times.Rows, append(slices.Clone(name), fmt.Sprint(w.Time.Runs), timeText(w.Time.Best), timeText(w.Time.Median), spreadText(w.Time), rateText(w.Rate)))
		shares.Rows = append(shares.Rows, append(name, shareText(w.Products), shareText(w.Memory), memoryText(w.Peak)))
	}
	tables := []*figure.Table{times, shares}
	if width >= benchWidth {
		times.Columns = append(times.Columns, shares.Columns[len(name):]...)
		for i := range times.Rows {
			times.Rows[i] = append(times.Rows[i], shares.Rows[i][len(name):]...)
		}
		tables = tables[:1]
	}
	tables[len(tables)-1].Notes = benchNotes(r)
	return tables
}

// benchWidth is how wide one table of all columns is at most.
const benchWidth = 100

// modeText returns "exact", or "fast" with the kernel.
func modeText(w bench.Row) string {
	if w.Mode == bench.Fast && w.Kernel != "" {
		return w.Mode + " " + w.Kernel
	}
	return w.Mode
}

// benchNotes returns the lines below the table.
func benchNotes(r *bench.Result) (out []string) {
	add := func(format string, a ...any) { out = append(out, folded(visible.Name(fmt.Sprintf(format, a...)))...) }
	for _, h := range benchHead(r) {
		add("%s", h)
	}
	for _, w := range r.Rows {
		if o := w.Overhead; o != nil {
			add("%d captures at T = %d: %+.2f %% of the time without, between %+.2f and %+.2f %% (the median of %d pairs)",
				o.Captures, w.T, 100*(o.Ratio.Median-1), 100*(o.Ratio.Low-1), 100*(o.Ratio.High-1), o.Ratio.Runs)
		}
	}
	for _, w := range r.Rows {
		if d := w.Device; d != nil {
			add("%s: %d kernels, busy for %s; %s to the GPU, %s from it, %s within", w.Name(), d.Kernels, timeText(d.Busy),
				transferText(d.ToDevice), transferText(d.FromDevice), transferText(d.Within))
		}
	}
	for _, n := range r.Notes {
		add("%s", n)
	}
	return out
}

// folded breaks a sentence into lines that fit a plain terminal.
func folded(text string) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case terminal.Columns(line)+1+terminal.Columns(word) > terminal.DefaultWidth:
			out, line = append(out, line), "  "+word
		default:
			line += " " + word
		}
	}
	return append(out, line)
}

// benchHead says what was measured where.
func benchHead(r *bench.Result) []string {
	m := r.Manifest
	out := []string{fmt.Sprintf("%s in %s on %s, %s; threads: %d of %d processors; libtorch %s", visible.Name(m.Model), m.DType, m.Device, visible.Name(m.CPU), m.Threads, r.Machine.Processors, m.Libtorch)}
	if l := r.Limits; l.FLOPS > 0 {
		out = append(out, fmt.Sprintf("limits of the machine in this run: %.0f GFLOP/s in products of %s by %s, %.1f GB/s from memory; products and memory are shares of them", l.FLOPS/1e9, l.DType, l.By, l.Bytes/1e9))
	}
	return out
}

// BenchJSON writes r as JSON, which bench.Read reads.
func BenchJSON(w io.Writer, r *bench.Result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("report: write JSON: %w", err)
	}
	return nil
}

// BenchComparison returns the ratios of two results as a table. What is slower beyond
// the noise by more than a share of tolerance is said to be too slow.
func BenchComparison(c *bench.Comparison, tolerance float64) *figure.Table {
	t := &figure.Table{Columns: []figure.TableColumn{{Head: "work"}, {Head: "mode"}, {Head: "T", Right: true}, {Head: "old", Right: true}, {Head: "new", Right: true}, {Head: "new/old", Right: true},
		{Head: "noise", Right: true}, {Head: "peak", Right: true}, {Head: ""}}}
	for _, k := range c.Changes {
		text := timeText
		if k.Row.Overhead != nil {
			text = func(ratio float64) string { return fmt.Sprintf("%+.2f %%", 100*(ratio-1)) }
		}
		verdict := ""
		switch {
		case k.Worse(tolerance):
			verdict = "SLOWER"
		case k.Verdict == bench.Slower || k.Verdict == bench.Faster:
			verdict = string(k.Verdict)
		case k.Verdict == bench.Unknown:
			verdict = "few runs"
		}
		t.Rows = append(t.Rows, []string{string(k.Row.Work), modeText(k.Row), fmt.Sprint(k.Row.T), text(k.Old.Median), text(k.New.Median), fmt.Sprintf("%.3f", k.Ratio),
			spreadText(k.Old, k.New), ratioText(k.Peak), verdict})
	}
	var notes []string
	if c.Products > 0 && c.Memory > 0 {
		notes = append(notes, fmt.Sprintf("the machine itself: products %.2f times as fast as in the old run, memory %.2f times", c.Products, c.Memory))
	}
	if len(c.Only) > 0 {
		notes = append(notes, "in one of them only: "+strings.Join(c.Only, ", "))
	}
	for _, n := range slices.Concat(notes, c.Differs, c.Notes) {
		t.Notes = append(t.Notes, folded(visible.Name(n))...)
	}
	return t
}

// timeText returns seconds for people: "31.4 ms".
func timeText(s float64) string {
	switch {
	case s >= 100:
		return fmt.Sprintf("%.0f s", s)
	case s >= 1:
		return fmt.Sprintf("%.2f s", s)
	case s >= 0.1:
		return fmt.Sprintf("%.0f ms", s*1e3)
	case s >= 1e-3:
		return fmt.Sprintf("%.2f ms", s*1e3)
	}
	return (time.Duration(s*1e9) * time.Nanosecond).Round(100 * time.Nanosecond).String()
}

// spreadText returns the spread of summaries added up, nothing where one run has none.
func spreadText(of ...bench.Summary) string {
	sum := 0.0
	for _, s := range of {
		if s.Runs < 2 {
			return ""
		}
		sum += s.Spread()
	}
	return fmt.Sprintf("±%.1f %%", 100*sum)
}

func rateText(r float64) string {
	if r >= 100 {
		return fmt.Sprintf("%.0f", r)
	}
	return fmt.Sprintf("%.1f", r)
}

func shareText(s float64) string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*s)
}

func memoryText(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}

func ratioText(r float64) string {
	if r == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", r)
}

func transferText(t bench.Transfers) string {
	return fmt.Sprintf("%d copies of %.1f MB", t.Count, float64(t.Bytes)/1e6)
}
