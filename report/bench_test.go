package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/terminal"
)

// measured is a result whose numbers are round.
func measured() *bench.Result {
	hooks := bench.Row{Work: bench.Hooks, Mode: "exact", Kernel: "aten", T: 14, Each: 14, Seconds: []float64{0.102, 0.102, 0.102, 0.102}, Peak: 600 << 20,
		Cost: bench.Cost{FLOPs: 1e10, Bytes: 5e8}, Overhead: &bench.Overhead{Captures: 12, Plain: []float64{0.1, 0.1, 0.1, 0.1}}}
	long := bench.Row{Work: bench.Lens, Mode: "fast", Kernel: "f32", T: 256, Each: 256, Seconds: []float64{2}, Cost: bench.Cost{FLOPs: 2e11, Bytes: 5e8},
		Device: &bench.Device{Kernels: 321, Busy: 0.5, ToDevice: bench.Transfers{Count: 2, Bytes: 4_000_000}, FromDevice: bench.Transfers{Count: 9, Bytes: 100_000}}}
	r := &bench.Result{Format: bench.Format, Rows: []bench.Row{hooks, long}, Machine: bench.Machine{Processors: 4}, Notes: []string{"a sentence"},
		Limits:   bench.Limits{DType: "float32", By: "golens", FLOPS: 2e11, Bytes: 2e10},
		Manifest: lens.Manifest{Model: "gpt2", DType: "float32", Device: "cpu", CPU: "a processor", Threads: 2, Libtorch: "2.11.0"}}
	var b bytes.Buffer
	if err := report.BenchJSON(&b, r); err != nil {
		panic(err)
	}
	again, err := bench.Read(&b)
	if err != nil {
		panic(err)
	}
	return again
}

// notes are the lines below the table of measured.
const notes = `gpt2 in float32 on cpu, a processor; threads: 2 of 4 processors; libtorch 2.11.0
limits of the machine in this run: 200 GFLOP/s in products of float32 by golens,
  20.0 GB/s from memory; products and memory are shares of them
12 captures at T = 14: +2.00 % of the time without, between +2.00 and +2.00 %
  (the median of 4 pairs)
lens fast T=256: 321 kernels, busy for 500 ms; 2 copies of 4.0 MB to the GPU, 9
  copies of 0.1 MB from it, 0 copies of 0.0 MB within
a sentence
`

func TestBenchTables(t *testing.T) {
	for width, want := range map[int]string{
		100: `work   mode        T  runs    best  median  spread  tokens/s  products  memory    peak
hooks  exact      14     4  102 ms  102 ms  ±0.0 %       137      49 %    25 %  600 MB
lens   fast f32  256     1  2.00 s  2.00 s               128      50 %     1 %
` + notes,
		80: `work   mode        T  runs    best  median  spread  tokens/s
hooks  exact      14     4  102 ms  102 ms  ±0.0 %       137
lens   fast f32  256     1  2.00 s  2.00 s               128
work   mode        T  products  memory    peak
hooks  exact      14      49 %    25 %  600 MB
lens   fast f32  256      50 %     1 %
` + notes,
	} {
		var b strings.Builder
		for _, table := range report.BenchTables(measured(), width) {
			if err := (terminal.Terminal{Width: width}).Table(&b, table); err != nil {
				t.Fatal(err)
			}
		}
		if b.String() != want {
			t.Errorf("%d columns wide it is\n%s\nnot\n%s", width, b.String(), want)
		}
	}
}

func TestBenchComparison(t *testing.T) {
	old, now := measured(), measured()
	now.Limits.FLOPS /= 2
	for i := range now.Rows[0].Seconds {
		now.Rows[0].Overhead.Ratio = bench.Summarise([]float64{1.53, 1.53, 1.53, 1.53})
		now.Rows[0].Seconds[i] *= 1.5
	}
	now.Rows = append(now.Rows, bench.Row{Work: bench.Text, Mode: "fast", T: 256, Seconds: []float64{1}})
	var b strings.Builder
	if err := (terminal.Terminal{Width: 80}).Table(&b, report.BenchComparison(bench.Compare(old, now), 0.1)); err != nil {
		t.Fatal(err)
	}
	want := `work   mode        T      old       new  new/old   noise  peak
hooks  exact      14  +2.00 %  +53.00 %    1.500  ±0.0 %  1.00  SLOWER
lens   fast f32  256   2.00 s    2.00 s    1.000                few runs
the machine itself: products 0.50 times as fast as in the old run, memory 1.00
  times
in one of them only: text fast T=256
`
	if b.String() != want {
		t.Errorf("got\n%s\nnot\n%s", b.String(), want)
	}
}
