package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/bench"
)

// quick are flags with which a bench of the smallest model takes a second or so.
var quick = []string{"--work", "forward,hooks", "--tokens", "1,3", "--runs", "4", "--pairs", "4"}

// TestBench: the table and the file tell of the same, and a file compares with itself.
func TestBench(t *testing.T) {
	out := t.TempDir()
	path := filepath.Join(out, "a.json")
	screen := good(t, append([]string{"bench", "--model", tiny(t), "--json", path}, quick...)...)
	for _, part := range []string{"work", "tokens/s", "forward  exact", "GFLOP/s in products of float32", "2 captures at T = 3"} {
		if !strings.Contains(screen, part) {
			t.Errorf("the screen lacks %q:\n%s", part, screen)
		}
	}
	r, err := readBench(path)
	if err != nil || len(r.Rows) != 6 || r.Settings.Runs != 4 {
		t.Fatalf("%v, %+v", err, r)
	}
	if got := good(t, "bench", "--compare", path, path); strings.Count(got, "1.000") != 6 || !strings.Contains(got, "products 1.00 times as fast") {
		t.Errorf("%s", got)
	}
	// Measured again by the same settings: whatever the ratios are, there is one for each.
	again := golens(t, "bench", "--model", tiny(t), "--compare", path, "--tolerance", "1e6")
	if again.code != 0 || strings.Count(again.out, "forward  exact") != 4 || !strings.Contains(again.out, "new/old") {
		t.Errorf("%+v", again)
	}
	if got := good(t, append([]string{"bench", "--shape", "1x64", "--json", "-"}, quick...)...); !json.Valid([]byte(got)) || !strings.Contains(got, "gpt2 1x64, random weights") {
		t.Errorf("%s", got)
	}
}

// TestBenchCompare: what is slower fails, and what cannot be compared is refused.
func TestBenchCompare(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, change func(*bench.Result)) string {
		r := &bench.Result{Format: bench.Format, Rows: []bench.Row{
			{Work: bench.Lens, Mode: "exact", T: 14, Each: 14, Seconds: []float64{1, 1, 1, 1, 1.01}},
			{Work: bench.Lens, Mode: "fast", T: 14, Each: 14, Seconds: []float64{0.2, 0.2, 0.2, 0.2, 0.21}}}}
		r.Manifest.CPU = "a processor"
		change(r)
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return put(t, dir, name, b)
	}
	times := func(row int, by float64) func(*bench.Result) {
		return func(r *bench.Result) {
			for i := range r.Rows[row].Seconds {
				r.Rows[row].Seconds[i] *= by
			}
		}
	}
	old := file("old.json", func(*bench.Result) {})
	slow := file("slow.json", times(1, 1.3))
	got := golens(t, "bench", "--compare", old, slow)
	if got.code != exitDiffers || !strings.Contains(got.out, "SLOWER") || got.stderr != "golens: slower than before: lens fast T=14 (1.30 times)\n" {
		t.Errorf("%+v", got)
	}
	if got := golens(t, "bench", "--compare", old, slow, "--tolerance", "40"); got.code != 0 || !strings.Contains(got.out, "slower") {
		t.Errorf("%+v", got)
	}
	if got := golens(t, "bench", "--compare", slow, old); got.code != 0 || !strings.Contains(got.out, "faster") {
		t.Errorf("%+v", got)
	}
	if got := golens(t, "bench", "--compare", old, slow, "--quiet"); got.code != exitDiffers || got.out != "" {
		t.Errorf("%+v", got)
	}
	other := file("other.json", func(r *bench.Result) { r.Manifest.CPU = "another" })
	refused(t, golens(t, "bench", "--compare", old, other), 1, "cannot be compared", "the processor was a processor, and is another", "--force")
	if got := golens(t, "bench", "--compare", old, other, "--force"); got.code != 0 || !strings.Contains(got.out, "and is another") {
		t.Errorf("%+v", got)
	}
	refused(t, golens(t, "bench", "--model", tiny(t), "--compare", old), 1, "cannot be compared", "the model's configuration was")
	apart := file("apart.json", func(r *bench.Result) { r.Rows = r.Rows[:1]; r.Rows[0].T = 99 })
	refused(t, golens(t, "bench", "--compare", old, apart), 1, "no work in common", "lens exact T=99")
	broken := put(t, dir, "broken.json", []byte("{"))
	for _, b := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--compare", broken, old}, 1, []string{"--compare", "broken.json"}},
		{[]string{"--compare", old, broken}, 1, []string{"--compare", "broken.json"}},
		{[]string{"--compare", "/nosuch.json"}, 1, []string{"/nosuch.json"}},
		{[]string{"--compare", old, slow, slow}, 2, []string{"2 arguments"}},
		{[]string{"--compare", old, slow, "--runs", "3"}, 2, []string{"--runs", "nothing is measured"}},
		{[]string{"--compare", old, slow, "--tolerance", "-1"}, 2, []string{"--tolerance", "from 0 on"}},
		{[]string{"--compare", old, "--json", "-"}, 2, []string{"file name"}},
		{[]string{"a text"}, 2, []string{"bench reads no text"}},
		{[]string{"--force"}, 2, []string{"--force", "--compare"}},
		{[]string{"--quiet"}, 2, []string{"nothing to do"}},
		{[]string{"--work", "lense"}, 2, []string{"no work is called", "sweep"}},
		{[]string{"--work", ""}, 2, []string{"names no work"}},
		{[]string{"--tokens", "1,x"}, 2, []string{"--tokens", "14,256"}},
		{[]string{"--tokens", ","}, 2, []string{"names no length"}},
		{[]string{"--tokens", "0"}, 2, []string{"1 is the least"}},
		{[]string{"--tokens", "5000"}, 2, []string{"context holds 256"}},
		{[]string{"--mode", "slow"}, 2, []string{"exact, fast or both"}},
		{[]string{"--kernel", "blas"}, 2, []string{"--kernel", "aten"}},
		{[]string{"--runs", "0"}, 2, []string{"--runs 0"}},
		{[]string{"--time", "5"}, 2, []string{"--time 5", "90s"}},
		{[]string{"--time", "-5s"}, 2, []string{"--time -5s"}},
		{[]string{"--shape", "12"}, 2, []string{"12x768"}},
		{[]string{"--shape", "2x100"}, 2, []string{"multiple"}},
		{[]string{"--shape", "2x64", "--model", "x"}, 2, []string{"--model"}},
		{[]string{"--lens", "raw"}, 2, []string{"no flag --lens"}},
		{[]string{"--json", "/nosuch/x.json"}, 1, []string{"no folder"}},
		{[]string{"--model", "/nosuch"}, 1, []string{"/nosuch"}},
	} {
		t.Run(fmt.Sprint(b.args), func(t *testing.T) {
			before := snapshot(t, dir)
			refused(t, golens(t, append([]string{"bench"}, b.args...)...), b.code, b.says...)
			unchanged(t, dir, before)
		})
	}
}

// TestBenchNoGPU hides every GPU from the program and asks for one.
func TestBenchNoGPU(t *testing.T) {
	cmd := program(t, append([]string{"bench", "--model", tiny(t), "--device", "cuda"}, quick...)...)
	cmd.Env = append(cmd.Env, "CUDA_VISIBLE_DEVICES=")
	refused(t, finish(t, cmd), 1, "--device cuda", "--device cpu")
}

// TestBenchInterrupt sends Ctrl-C in the middle: what was measured is kept, on the screen
// and in the file.
func TestBenchInterrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	cmd := program(t, "bench", "--model", tiny(t), "--json", path, "--work", "forward", "--tokens", "1,3", "--runs", "1000000", "--mode", "exact")
	got := interruptAt(t, cmd, `run \d{2,} of`)
	if got.code != 1 || got.stderr != "golens: interrupted; what was measured before is written, and shown\n" {
		t.Fatalf("exit status %d, %q", got.code, got.stderr)
	}
	r, err := readBench(path)
	if err != nil || len(r.Rows) == 0 {
		t.Errorf("%v, %+v", err, r)
	}
	if left := files(t, filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
