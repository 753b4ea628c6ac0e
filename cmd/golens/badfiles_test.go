package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/synthetic"
)

// badArrays are files for --add and --set.
func badArrays() []bad {
	array := func(data []byte) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			return []string{"lens", "the cat", "--model", tiny(t), "--add", "h.0=" + put(t, dir, "a.npy", data)}
		}
	}
	values := make([]float32, 2*tinyWidth)
	nan := make([]float32, tinyWidth)
	nan[3] = float32(math.NaN())
	return []bad{
		{name: "array missing", args: on("lens", "x", "--set", "h.0=/nosuch.npy"), code: 1, says: []string{"--set h.0=/nosuch.npy", "no such file"}},
		{name: "array a folder", args: on("lens", "x", "--add", "h.0=/"), code: 1, says: []string{"--add h.0=/", "not a file"}},
		{name: "array empty", args: array([]byte{}), code: 1, says: []string{"a.npy", "numpy.save"}},
		{name: "array no array", args: array([]byte("0.1 0.2 0.3 0.4 0.5\n")), code: 1, says: []string{"a.npy", "numpy.save"}},
		{name: "array cut off in the header", args: array(synthetic.NPY("<f4", "False", "16,", values[:16])[:40]), code: 1, says: []string{"a.npy", "cut off"}},
		{name: "array cut off", args: array(synthetic.NPY("<f4", "False", "16,", values[:15])), code: 1, says: []string{"a.npy", "(16,)"}},
		{name: "array with more behind", args: array(synthetic.NPY("<f4", "False", "16,", values[:17])), code: 1, says: []string{"a.npy", "damaged"}},
		{name: "array of a terabyte", args: array(synthetic.NPY("<f4", "False", "1099511627776,", values)), code: 1, says: []string{"a.npy", "1099511627776"}},
		{name: "array beyond 64 bits", args: array(synthetic.NPY("<f4", "False", "9223372036854775807, 9223372036854775807", values)), code: 1, says: []string{"a.npy", "9223372036854775807"}},
		{name: "array without elements", args: array(synthetic.NPY("<f4", "False", "0, 16", []float32{})), code: 1, says: []string{"a.npy", "(0, 16)"}},
		{name: "array of whole numbers too large", args: array(synthetic.NPY("<i8", "False", "1,", []int64{1<<24 + 1})), code: 1, says: []string{"a.npy", "float32"}},
		{name: "array of objects", args: array(synthetic.NPY("|O", "False", "16,", values[:16])), code: 1, says: []string{"a.npy", "|O"}},
		{name: "array turned round", args: array(synthetic.NPY("<f4", "True", "2, 16", values)), code: 1, says: []string{"a.npy", "[2, 16]"}},
		{name: "array of records", args: array(synthetic.NPY("<f4', 'x': '", "Maybe", "2, 16", values)), code: 1, says: []string{"a.npy", "header"}},
		{name: "array with a NaN", args: array(synthetic.NPY("<f4", "False", "16,", nan)), code: 1, says: []string{"a.npy", "NaN"}},
		{name: "array beyond float32", args: array(synthetic.NPY("<f8", "False", "1,", []float64{1e300})), code: 1, says: []string{"a.npy", "float32"}},
		{name: "array of another width", args: array(synthetic.NPY("<f4", "False", "15,", values[:15])), code: 1, says: []string{"a.npy", "[15]", "does not fit"}},
		{name: "array of another length", args: array(synthetic.NPY("<f4", "False", "2, 16", values)), code: 1, says: []string{"a.npy", "[2, 16]", "does not fit"}},
		{name: "array for no point", args: func(t *testing.T, dir string) []string {
			return []string{"lens", "x", "--model", tiny(t), "--add", "h.9=" + put(t, dir, "a.npy", synthetic.NPY("<f4", "False", "16,", values[:16]))}
		}, code: 2, says: []string{`"h.9"`, "nearest"}},
	}
}

// badOutputs are places that cannot be written to.
func badOutputs() []bad {
	to := func(flags ...string) func(*testing.T, string) []string {
		return func(t *testing.T, dir string) []string {
			args := []string{"lens", "the cat", "--model", tiny(t)}
			for _, f := range flags {
				args = append(args, strings.ReplaceAll(f, "DIR", dir))
			}
			return args
		}
	}
	out := []bad{
		{name: "two results for standard output", args: to("--json", "-", "--npz", "-"), code: 2, says: []string{"standard output", "file name"}},
		{name: "one file for two results", args: to("--json", "DIR/x", "--csv", "DIR/./x"), code: 2, says: []string{"--json and --csv", "one file"}},
		{name: "the prompts' file for a result", args: func(t *testing.T, dir string) []string {
			p := put(t, dir, "p.jsonl", []byte(`{"prompt": "a"}`))
			return []string{"lens", "--model", tiny(t), "--prompts", p, "--json", p}
		}, code: 2, says: []string{"--prompts and --json", "one file"}},
		{name: "figure of no format", args: to("--plot", "DIR/x.gif"), code: 2, says: []string{"--plot", "x.gif", ".png, .svg or .pdf"}},
		{name: "figure to standard output", args: to("--plot", "-"), code: 2, says: []string{"--plot", ".png, .svg or .pdf"}},
	}
	for _, flag := range []string{"json", "csv", "npz", "plot"} {
		name := "x"
		if flag == "plot" {
			name = "x.png"
		}
		full := func(t *testing.T, dir string) []string {
			path := filepath.Join(dir, name)
			if err := os.Symlink("/dev/full", path); err != nil {
				t.Fatal(err)
			}
			return []string{"lens", "the cat", "--model", tiny(t), "--" + flag, path}
		}
		folder := func(t *testing.T, dir string) []string {
			path := filepath.Join(dir, name)
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
			return []string{"lens", "the cat", "--model", tiny(t), "--" + flag, path}
		}
		out = append(out,
			bad{name: flag + " full", args: full, code: 1, says: []string{name, "no space left", "free some space"}},
			bad{name: flag + " a folder", args: folder, code: 1, says: []string{"--" + flag, name, "folder"}},
			bad{name: flag + " in no folder", args: to("--"+flag, "DIR/no/"+name), code: 1, says: []string{"--" + flag, "no folder", "make it first"}},
			bad{name: flag + " in a file", args: to("--"+flag, "/etc/passwd/"+name), code: 1, says: []string{"--" + flag, "no folder"}},
			bad{name: flag + " unnamed", args: to("--" + flag + "="), code: 2, says: []string{"--" + flag}},
			bad{name: flag + " where nobody writes", args: to("--"+flag, "/proc/"+name), code: 1, says: []string{"/proc/" + name}},
		)
	}
	// One file fails: the other one is not written either.
	return append(out, bad{name: "one of two full", args: func(t *testing.T, dir string) []string {
		kept := put(t, dir, "old.csv", []byte("what was there before"))
		return []string{"lens", "the cat", "--model", tiny(t), "--json", "/dev/full", "--csv", kept, "--npz", filepath.Join(dir, "x.npz")}
	}, code: 1, says: []string{"/dev/full", "no space left"}})
}

// TestFullOutput: standard output is full, whatever is written there.
func TestFullOutput(t *testing.T) {
	model := tiny(t)
	for _, args := range [][]string{
		{"lens", "the cat", "--model", model}, {"lens", "the cat", "--model", model, "--json", "-"},
		{"lens", "the cat", "--model", model, "--csv", "-"}, {"lens", "the cat", "--model", model, "--npz", "-"},
		{"tokens", "the cat"}, {"tokens", "the cat", "--jsonl"}, {"tokens", "--decode", "1"},
		{"model", "info", model}, {"model", "info", model, "--json"}, {"version"}, {"help"}, {"lens", "--help"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip(err)
			}
			defer full.Close()
			var stderr bytes.Buffer
			code := run(context.Background(), append([]string{"golens"}, args...), strings.NewReader(""), full, &stderr)
			refused(t, outcome{code: code, stderr: stderr.String()}, 1, "no space left")
		})
	}
}
