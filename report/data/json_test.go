package data

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/golens/golens/internal/golden"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

func jsonBytes(t *testing.T, r *lens.Result, o Options) []byte {
	t.Helper()
	return written(t, JSON, o, r)
}

// written returns the file of some results.
func written(t *testing.T, f Format, o Options, results ...*lens.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	w := f.New(&b, o)
	for _, r := range results {
		bundle, err := Lens(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(bundle); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJSONReadBack(t *testing.T) {
	for _, r := range []*lens.Result{madeup.Plain(), madeup.Hard()} {
		for _, line := range []bool{false, true} {
			b := jsonBytes(t, r, Options{Several: line, Large: []string{"hidden", "logits"}})
			var got map[string]any
			d := json.NewDecoder(bytes.NewReader(b))
			d.UseNumber()
			if err := d.Decode(&got); err != nil {
				t.Fatal(err)
			}
			want, err := lensArrays(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range want {
				sameJSON(t, a, got[a.Name])
			}
			if n := bytes.Count(b, []byte("\n")); line && n != 1 {
				t.Errorf("%d lines for one", n)
			}
			sameTokens(t, r, got)
		}
	}
}

// sameJSON compares nested lists with an array, floats by their bits.
func sameJSON(t *testing.T, a Array, got any) {
	t.Helper()
	flat := []any{got}
	for _, n := range a.Dims {
		var deeper []any
		for _, v := range flat {
			list, ok := v.([]any)
			if !ok || len(list) != n {
				t.Errorf("%s: a list of %d wanted, got %.60v", a.Name, n, v)
				return
			}
			deeper = append(deeper, list...)
		}
		flat = deeper
	}
	for i, v := range flat {
		same := false
		switch d := a.Values.(type) {
		case []int64:
			same = fmt.Sprint(v) == strconv.FormatInt(d[i], 10)
		case []bool:
			same = v == d[i]
		case []float32:
			x, err := strconv.ParseFloat(fmt.Sprint(v), 64)
			same = err == nil && math.Float32bits(float32(x)) == math.Float32bits(d[i])
			_, isString := v.(string)
			same = same && isString == !IsFinite(d[i])
		}
		if !same {
			t.Errorf("%s[%d] is %v", a.Name, i, v)
		}
	}
}

// sameTokens says whether every token's bytes can be had back.
func sameTokens(t *testing.T, r *lens.Result, got map[string]any) {
	t.Helper()
	bytesOf := func(v any) []byte {
		m := v.(map[string]any)
		if b64, ok := m["bytes"]; ok {
			b, err := base64.StdEncoding.DecodeString(b64.(string))
			if err != nil || utf8.Valid(b) {
				t.Errorf("bytes %v: %v", b64, err)
			}
			return b
		}
		return []byte(m["text"].(string))
	}
	for i, v := range got["tokens"].([]any) {
		if !bytes.Equal(bytesOf(v), r.Tokens[i].Bytes) || fmt.Sprint(v.(map[string]any)["id"]) != fmt.Sprint(r.Tokens[i].ID) {
			t.Errorf("token %d is %v, want %v", i, v, r.Tokens[i])
		}
	}
	pieces := got["pieces"].(map[string]any)
	if len(pieces) != len(r.Pieces) {
		t.Errorf("%d pieces, want %d", len(pieces), len(r.Pieces))
	}
	for id, tok := range r.Pieces {
		if !bytes.Equal(bytesOf(pieces[strconv.FormatInt(id, 10)]), tok.Bytes) {
			t.Errorf("piece %d is %v, want %q", id, pieces[strconv.FormatInt(id, 10)], tok.Bytes)
		}
	}
}

// The members are those of the tables, and the large ones come on request.
func TestJSONMembers(t *testing.T) {
	r := madeup.Hard()
	r.Prompt = "\xff<"
	r.Written = &lens.Written{Prompt: 1, Sequence: append(tokenIDs(r.Tokens), 1), Text: []byte("\xff")}
	r.Joint = &lens.Joint{Words: []string{" a\xff"}, Lengths: []int{2}, Tokens: []lens.Token{{ID: 1, Bytes: []byte(" a")}, {ID: 2, Bytes: []byte("\xff")}},
		TokenLogProb: make([]float32, 2*len(r.Rows)), LogProb: make([]float32, len(r.Rows))}
	members := func(o Options) map[string]json.RawMessage {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(jsonBytes(t, r, o), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	all := members(Options{Large: []string{"hidden", "logits"}})
	described := map[string]bool{}
	for _, f := range Fields {
		described[f.Name] = true
	}
	for _, x := range Members {
		described[x.Name] = true
		if all[x.Name] == nil {
			t.Errorf("no member %s", x.Name)
		}
	}
	for name := range all {
		if !described[name] {
			t.Errorf("member %s is not in the tables", name)
		}
	}
	small := members(Options{})
	if small["hidden"] != nil || small["logits"] != nil || len(small) != len(all)-2 {
		t.Error("large arrays without request")
	}
	if got := string(all["prompt_bytes"]); got != `"/zw="` {
		t.Errorf("prompt_bytes is %s", got)
	}
	if got := string(all["format"]); got != strconv.Quote(LensFormat) {
		t.Errorf("format is %s", got)
	}
	if got := string(all["warnings"]); !strings.Contains(got, "NaN in the logits of row 1") {
		t.Errorf("warnings are %s", got)
	}
}

// No token can end a script element that JSON is put into, or a terminal's line.
func TestJSONIsInert(t *testing.T) {
	b := jsonBytes(t, madeup.Hard(), Options{})
	for _, bad := range []string{"</script>", "\x1b", "\x00", "\u2028", "<|endoftext|>"} {
		if bytes.Contains(b, []byte(bad)) {
			t.Errorf("%q stands in the JSON as it is", bad)
		}
	}
}

// The indented layout is pleasant to read: rows of numbers on one line.
func TestJSONLayout(t *testing.T) {
	r := madeup.Result{Prompt: []string{"Hi", " you"}, Rows: 2, K: 2, Vocab: []string{" the", " is", " way"}, Next: true}.Make()
	golden.Text(t, "small.json", jsonBytes(t, r, Options{}))
}

func TestJSONInPython(t *testing.T) {
	r := madeup.Hard()
	path := filepath.Join(t.TempDir(), "lens.json")
	if err := os.WriteFile(path, jsonBytes(t, r, Options{Large: []string{"hidden"}}), 0o666); err != nil {
		t.Fatal(err)
	}
	out := python(t, `
import json, sys, numpy as np
d = json.load(open(sys.argv[1], encoding="utf-8"))
for k in "hidden", "top_probs", "target_logprob":
    a = np.array(d[k], dtype=np.float32)
    print(k, *a.shape, *a.ravel().view(np.uint32))
`, path)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	want, err := lensArrays(r)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, a := range want {
		for _, line := range lines {
			if !strings.HasPrefix(line, a.Name+" ") {
				continue
			}
			checked++
			s := a.Name
			for _, n := range a.Dims {
				s += fmt.Sprint(" ", n)
			}
			for _, x := range a.Values.([]float32) {
				bits := math.Float32bits(x)
				if x != x {
					bits = 0x7fc00000
				}
				s += fmt.Sprint(" ", bits)
			}
			if line != s {
				t.Errorf("%s reads in Python as\n%.300s\nwant\n%.300s", a.Name, line, s)
			}
		}
	}
	if checked != 3 {
		t.Errorf("%d arrays compared of 3", checked)
	}
}
