package data

import (
	"bytes"
	"encoding/csv"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/report/internal/madeup"
	"github.com/golens/golens/sweep"
)

// TestSweepJSON: what is written reads back, to the bit.
func TestSweepJSON(t *testing.T) {
	want := madeup.Sweep()
	var b, again bytes.Buffer
	if err := Sweep(want).Write(&b, JSON, Options{}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	got, err := ReadSweep(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := Sweep(got).Write(&again, JSON, Options{}); err != nil || again.String() != text {
		t.Errorf("%v: it is written again as\n%s, not\n%s", err, again.String(), text)
	}
	for i := range want.Series {
		for n, v := range want.Series[i].Values {
			if w := got.Series[i].Values[n]; math.Float32bits(v) != math.Float32bits(w) && v == v {
				t.Errorf("series %d: value %d is %v, not %v", i, n, w, v)
			}
		}
	}
	if got.Prompt != want.Prompt || !bytes.Equal(got.Tokens[1].Bytes, []byte{0xff}) || !slices.Equal(got.Done, want.Done) || !reflect.DeepEqual(got.Places, want.Places) || got.Manifest.Threads != 2 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{`"clean"`, `"logprob"`, `"recovery_logprob"`, `"diff"`, `"diff_1"`, `"clean_diff_1"`} {
		if strings.Count(text, name+":") != 1 {
			t.Errorf("%s is there %d times", name, strings.Count(text, name+":"))
		}
	}
}

// TestSweepCSV: a line for each run that was made, metric and target.
func TestSweepCSV(t *testing.T) {
	var b bytes.Buffer
	if err := Sweep(madeup.Sweep()).Write(&b, CSV, Options{}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(lines) != 1+5*4 {
		t.Fatalf("%v, %d lines", err, len(lines))
	}
	want := []string{"scale 0.1", "0.1", "drop", "emb", "embed", "-1", "", "logprob", "2", `é\n`, "-Infinity", "-2.0", "Infinity", "0"}
	if !slices.Equal(lines[2], want) {
		t.Errorf("got  %q\nwant %q", lines[2], want)
	}
}

func FuzzReadSweep(f *testing.F) {
	var b bytes.Buffer
	if err := Sweep(madeup.Sweep()).Write(&b, JSON, Options{}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"format": "golens-sweep-1", "manifest": {"plan": {"next": true, "metrics": [{"kind": "kl", "array": "kl"}]}}, "factors": [], "target_ids": [], "done": [], "warnings": []}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadSweep(bytes.NewReader(data))
		if err != nil {
			return
		}
		if c, err := sweep.Compare(r, r); err == nil && (!c.Same || !c.MustSame) {
			t.Fatal("a result differs from itself")
		}
		var b bytes.Buffer
		if err := Sweep(r).Write(&b, CSV, Options{}); err != nil {
			t.Fatal(err)
		}
	})
}
