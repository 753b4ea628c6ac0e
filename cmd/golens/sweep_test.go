package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

// TestSweep: flags and plans do what the library does, and files hold its numbers.
func TestSweep(t *testing.T) {
	dir, out := tiny(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	m, err := model.Open(dir, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	ids := tok.Encode(text)
	resid, err := sweep.PlacesOf(m, sweep.Resid, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := sweep.Run(t.Context(), m, ids, sweep.Plan{Changes: append(sweep.Scale(0, 0.5, 1), sweep.Do(hooks.Zero().At(hooks.Last))), Places: resid,
		Words: []lens.Word{{Text: "the", ID: tok.Encode(" the")[0]}}, Metrics: []sweep.Metric{{Kind: sweep.LogProb}, {Kind: sweep.KL}}}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	screen := good(t, "sweep", text, "--model", dir, "--target", "the", "--scale", "0:1:0.5", "--metric", "logprob", "--metric", "kl",
		"--json", at("x.json"), "--npz", at("x.npz"), "--csv", at("x.csv"), "--plot", at("x.png"))
	for _, part := range []string{"log-probability of the, clean", "KL(clean || run)", "L0", "L1", "0.5"} {
		if !strings.Contains(screen, part) {
			t.Errorf("the screen lacks %q:\n%s", part, screen)
		}
	}
	r, err := readSweep(at("x.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"logprob", "kl"} {
		n := 3 * len(resid)
		s := reference.Array{Shape: []int{n}, Float32: want.Series[i].Values[:n]}
		reference.Equal(t, name, r.Of(name).Values, s)
		reference.Equal(t, "clean "+name, r.Of(name).Clean, reference.Array{Shape: []int{1}, Float32: want.Series[i].Clean})
		z, err := npz.Open(at("x.npz"))
		if err != nil {
			t.Fatal(err)
		}
		var values []float32
		if err := z.Read(name+".npy", &values); err != nil {
			t.Fatal(err)
		}
		z.Close()
		reference.Equal(t, "npz "+name, values, s)
	}
	if r.Prompt != text || len(r.Tokens) != len(ids) || r.Manifest.Weights == "" || !slices.Equal(r.Factors, []float64{0, 0.5, 1}) {
		t.Errorf("%+v", r)
	}
	lines, err := csv.NewReader(strings.NewReader(read(t, at("x.csv")))).ReadAll()
	if err != nil || len(lines) != 1+2*3*len(resid) || lines[1][2] != "h.0" || lines[1][9] != "the" {
		t.Errorf("%v, %d lines of CSV, such as %v", err, len(lines), lines[1])
	}

	plan := put(t, out, "plan.yaml", []byte("prompt: "+strconv.Quote(text)+"\ntargets: the\nmetrics: [logprob, kl]\npositions: last\nchanges:\n  - zero\n  - scale 0.5 at mlp + zero\n"))
	good(t, "sweep", "--plan", plan, "--model", dir, "--json", at("y.json"), "--quiet")
	y, err := readSweep(at("y.json"))
	if err != nil {
		t.Fatal(err)
	}
	n := len(resid)
	reference.Equal(t, "plan", y.Of("logprob").Values[:n], reference.Array{Shape: []int{n}, Float32: want.Series[0].Values[3*n:]})
	if got := good(t, "sweep", "--compare", at("x.json"), at("x.json")); !strings.Contains(got, "the same, to the last bit") {
		t.Errorf("%s", got)
	}
	refused(t, golens(t, "sweep", "--compare", at("x.json"), at("y.json")), 1, "other changes")
}

// TestSweepResume: an earlier file is gone on with, and a changed one is seen.
func TestSweepResume(t *testing.T) {
	dir, out := tiny(t), t.TempDir()
	path := filepath.Join(out, "x.json")
	args := []string{"sweep", text, "--model", dir, "--target", "the", "--scale", "0,0.5", "--json", path, "--quiet"}
	good(t, args...)
	whole := read(t, path)
	r, err := readSweep(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Done { // as an interruption would leave it
		if r.Done[i] = i%2 == 0; !r.Done[i] {
			r.Series[0].Values[i] = float32(-1)
		}
	}
	var b bytes.Buffer
	if err := data.Sweep(r).Write(&b, data.JSON, data.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := golens(t, "sweep", "--compare", path, path); got.code != 0 {
		t.Errorf("%+v", got)
	}
	good(t, append(args, "--resume")...)
	if read(t, path) != whole {
		t.Error("the file that was gone on with is another")
	}
	// A value that was changed behind our back shows in the comparison.
	r, err = readSweep(path)
	if err != nil {
		t.Fatal(err)
	}
	r.Series[0].Values[1] += 1
	b.Reset()
	if err := data.Sweep(r).Write(&b, data.JSON, data.Options{}); err != nil {
		t.Fatal(err)
	}
	other := put(t, out, "other.json", b.Bytes())
	got := golens(t, "sweep", "--compare", path, other)
	if got.code != exitDiffers || !strings.Contains(got.out, "must be the same: they are not") || !strings.Contains(got.out, "L1") {
		t.Errorf("%+v", got)
	}
	refused(t, golens(t, append(args, "--resume", "--scale", "2")...), 2, "another plan")
	refused(t, golens(t, append(args, "--resume", "--threads", fmt.Sprint(r.Manifest.Threads+1))...), 2, "thread count")
	put(t, out, "x.json", []byte(`{"format": "golens-lens-1"}`))
	refused(t, golens(t, append(args, "--resume")...), 1, "--resume", "x.json", "no result of golens sweep")
	for _, broken := range []string{"", "{", "[]", `{"format": "golens-sweep-1"}`, `{"format": "golens-sweep-1", "manifest": {"plan": {"changes": ["a"]}}}`} {
		put(t, out, "x.json", []byte(broken))
		refused(t, golens(t, "sweep", "--compare", path, path), 1, "x.json")
	}
}

// TestBadSweeps: what a user can get wrong is refused in one sentence, and nothing is written.
func TestBadSweeps(t *testing.T) {
	dir, scratch := tiny(t), t.TempDir()
	wide := put(t, scratch, "wide.npy", synthetic.NPY("<f4", "False", "17,", make([]float32, 17)))
	n := 0
	plan := func(body string) []string {
		n++
		return []string{"--plan", put(t, scratch, fmt.Sprintf("%d-plan.yaml", n), []byte(body)), "--model", dir}
	}
	on := func(flags ...string) []string { return append([]string{text, "--model", dir}, flags...) }
	for _, b := range []struct {
		args []string
		code int
		says []string
	}{
		{on("--target", "the"), 2, []string{"nothing is changed", "--scale"}},
		{on("--scale", "0.8"), 2, []string{"logprob", "needs a target"}},
		{on("--scale", "NaN", "--target", "the"), 2, []string{"--scale", "finite"}},
		{on("--scale", "0:1:0.3", "--target", "the"), 2, []string{"do not meet 1"}},
		{on("--scale", "0.8,0.8", "--target", "the"), 2, []string{"scale 0.8 is named twice"}},
		{on("--zero", "--target", "the", "--blocks", "0..9"), 2, []string{"--blocks", "the model has 2"}},
		{on("--zero", "--target", "the", "--at", "sea"), 2, []string{"--at", "no site is called", "resid_mid"}},
		{on("--zero", "--target", "the", "--at", "mlp,mlp"), 2, []string{"named twice"}},
		{on("--zero", "--target", "the", "--at", "attn:h9"), 2, []string{"there is no head 9"}},
		{on("--zero", "--target", "the", "--positions", "99"), 2, []string{"--positions", "there is no position 99"}},
		{on("--zero", "--target", "the", "--from", "0"), 2, []string{"--from", "patch only"}},
		{on("--zero", "--target-id", "99999"), 2, []string{"--target-id", "no token id"}},
		{on("--zero", "--target", ""), 2, []string{"--target", "empty"}},
		{on("--zero", "--target", "the", "--target", "next"), 2, []string{"no other target"}},
		{on("--zero", "--metric", "loss"), 2, []string{"no metric is called"}},
		{on("--zero", "--metric", "diff"), 2, []string{"two words"}},
		{on("--zero", "--metric", `diff:" a"`), 2, []string{"two words"}},
		{on("--zero", "--metric", `diff:" a`), 2, []string{"no end"}},
		{on("--set", wide, "--target", "the"), 1, []string{"[17]", "16 wide"}},
		{on("--add", "/nosuch.npy", "--target", "the"), 1, []string{"no such file"}},
		{on("--patch", "the", "--target", "the"), 2, []string{"say which take the place of which"}},
		{on("--skip", "--at", "mlp", "--target", "the"), 2, []string{"skip", "zero takes out"}},
		{on("--change", "zero + mean", "--target", "the"), 2, []string{"conflict"}},
		{on("--change", "zero +", "--target", "the"), 2, []string{"takes no value"}},
		{on("--change", "double", "--target", "the"), 2, []string{"--change", "there are skip"}},
		{on("--ablate", "--zero", "--target", "the"), 2, []string{"--ablate"}},
		{on("--zero", "--target", "the", "--always", "h.9 zero"), 2, []string{"--always", "h.9"}},
		{on("--zero", "--target", "the", "--always", "h.0 scale 1,2"), 2, []string{"one factor"}},
		{on("--zero", "--target", "the", "--dry-run", "--json", scratch+"/x.json"), 2, []string{"--dry-run writes nothing"}},
		{on("--zero", "--target", "the", "--resume"), 2, []string{"--resume", "--json"}},
		{on("--zero", "--target", "the", "--lens", "raw"), 2, []string{"--lens"}},
		{on("--zero", "--target", "the", "--plot", scratch+"/x.jpg"), 2, []string{".png"}},
		{[]string{"--compare", "a.json"}, 2, []string{"two results"}},
		{[]string{"--zero", "--target", "the", "--model", dir}, 2, []string{"no prompt"}},
		{plan("prompt: the\nchanges: zero\ntargets: the\nfoo: 1\n"), 1, []string{"plan.yaml, line 4", "foo"}},
		{plan("prompt: the\nchanges:\n - zero\n - scale x\ntargets: the\n"), 1, []string{"plan.yaml, line 4", "is no number"}},
		{plan("prompt: the\nchanges: zero\ntargets: the\nblocks: 7\n"), 1, []string{"plan.yaml, line 4", "the model has 2"}},
		{plan("changes: zero\ntargets: the\n"), 1, []string{"plan.yaml", "no prompt"}},
		{plan("prompt: the\ntargets: the\n"), 1, []string{"plan.yaml: the plan is empty"}},
		{plan("ids: [1, x]\nchanges: zero\n"), 1, []string{"plan.yaml, line 1", "no token id"}},
		{append(plan("prompt: the\nchanges: zero\n"), "--zero"), 2, []string{"--zero belongs into the file"}},
		{append(plan("prompt: the\nchanges: zero\n"), "the"), 2, []string{"prompt belongs into the file"}},
		{[]string{"--plan", "/nosuch.yaml"}, 1, []string{"--plan", "no such file"}},
	} {
		t.Run(fmt.Sprint(b.args), func(t *testing.T) {
			before := snapshot(t, scratch)
			refused(t, golens(t, append([]string{"sweep"}, b.args...)...), b.code, b.says...)
			unchanged(t, scratch, before)
		})
	}
}

// TestSweepInterrupt sends Ctrl-C in the middle of a long sweep: what is done is
// written, and --resume makes the rest.
func TestSweepInterrupt(t *testing.T) {
	out := t.TempDir()
	path := filepath.Join(out, "x.json")
	args := []string{"sweep", strings.Repeat("the cat ", 5), "--model", tiny(t), "--target", "the", "--scale", "0:2:0.0005", "--json", path}
	cmd := program(t, args...)
	got := interruptAt(t, cmd, `run ([2-9]|\d\d+) of`)
	var done, all int
	if _, err := fmt.Sscanf(got.stderr, "golens: interrupted after %d of %d runs, which are written; --resume goes on with the rest\n", &done, &all); err != nil {
		t.Fatalf("%v: exit status %d, standard error %q", err, got.code, got.stderr)
	}
	var file struct{ Done [][]bool }
	if err := json.Unmarshal([]byte(read(t, path)), &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, row := range file.Done {
		for _, d := range row {
			if d {
				n++
			}
		}
	}
	if n != done || done < 1 || done >= all || all != 4001*tinyBlocks {
		t.Errorf("%d runs are done in the file, and %d of %d were told", n, done, all)
	}
	if names := files(t, out); !slices.Equal(names, []string{"x.json"}) {
		t.Errorf("the folder holds %v", names)
	}
	good(t, append(args, "--resume", "--quiet")...)
	r, err := readSweep(path)
	if err != nil || !r.Complete() {
		t.Errorf("the sweep is not complete after all: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var o, e bytes.Buffer
	code := run(ctx, append([]string{"golens"}, args...), blocked{}, &o, &e)
	refused(t, outcome{code, o.String(), e.String()}, 1, "interrupted")
}

// TestSweepDocs: the plan that docs/interventions.md shows is one.
func TestSweepDocs(t *testing.T) {
	text := read(t, filepath.Join("..", "..", "docs", "interventions.md"))
	_, rest, _ := strings.Cut(text, "```yaml\n")
	plan, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("there is no plan in the page")
	}
	got := golens(t, "sweep", "--plan", put(t, t.TempDir(), "plan.yaml", []byte(plan)), "--dry-run")
	if got.code != 0 || !strings.Contains(got.out, "scale 0.1") || !strings.Contains(got.out, "the plan's digest is") {
		t.Errorf("%+v", got)
	}
}
