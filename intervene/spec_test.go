package intervene_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/intervene"
)

func TestParseFactors(t *testing.T) {
	for text, want := range map[string][]float64{
		"0.8": {0.8}, "0,0.5,-2": {0, 0.5, -2}, "0:1:0.1": {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}, "1:0:-0.25": {1, 0.75, 0.5, 0.25, 0},
		"2:2:1": {2}, "1e-3:3e-3:1e-3,7": {0.001, 0.002, 0.003, 7},
	} {
		got, err := intervene.ParseFactors(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v (%v), want %v", text, got, err, want)
		}
	}
	if got, err := intervene.ParseFactors("0:2:0.1"); err != nil || len(got) != 21 || got[3] != 0.3 || got[20] != 2 {
		t.Errorf("0:2:0.1 is %v (%v)", got, err)
	}
	for text, says := range map[string]string{
		"": "is no number", "a": "is no number", "NaN": "must be finite", "inf": "must be finite", "1e999": "too large", "0:1": "START:STOP:STEP",
		"0:1:0": "the step is 0", "0:1:0.3": "do not meet 1", "0:1:-1": "lead away", "0:1:1e-9": "more than 10000", "1,,2": "is no number", "0:1:nan": "finite",
		"0:1e300:1e-300": "more than", "0x1p3:1:1": "lead away", "1/2:1:1": "is no number",
	} {
		_, err := intervene.ParseFactors(text)
		mustChoice(t, text, err, says)
	}
}

func mustChoice(t *testing.T, what string, err error, says string) {
	t.Helper()
	var c *intervene.ChoiceError
	if !errors.As(err, &c) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: the error is %v, want %q", what, err, says)
	}
}

func TestParseChange(t *testing.T) {
	for text, want := range map[string][]string{
		"scale 0.8":                     {"scale 0.8"},
		"scale 0,0.5":                   {"scale 0", "scale 0.5"},
		"zero":                          {"zero"},
		"zero at attn + zero at mlp":    {"zero at attn + zero at mlp"},
		"mean":                          {"mean"},
		"mean texts.txt":                {"mean texts.txt"},
		"add a b.npy*-2 at mlp":         {"add a b.npy*-2 at mlp"},
		"add x*y.npy":                   {"add x*y.npy"},
		"noise 0.1":                     {"noise 0.1,0"},
		"noise 0.1,7 + scale 1:2:1":     {"noise 0.1,7 + scale 1", "noise 0.1,7 + scale 2"},
		`patch "two + two at noon" `:    {`patch "two + two at noon"`},
		`patch two words`:               {`patch "two words"`},
		`patch "a \" b" at attn + mean`: {`patch "a \" b" at attn + mean`},
		"project-out d.npy":             {"project-out d.npy"},
		"skip":                          {"skip"},
		"noise 0.1,2..4":                {"noise 0.1,2", "noise 0.1,3", "noise 0.1,4"},
		"noise 1,7,0..1":                {"noise 1,7", "noise 1,0", "noise 1,1"},
		`patch "a from b" from h.8@5`:   {`patch "a from b" from h.8@5`},
		`patch "a" from last at mlp`:    {`patch "a" from last at mlp`},
		`patch a from b`:                {`patch "a from b"`},
	} {
		specs, err := intervene.ParseChange(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, change := range specs {
			var parts []string
			for _, s := range change {
				parts = append(parts, s.String())
			}
			got = append(got, strings.Join(parts, " + "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	for text, says := range map[string]string{
		"": "a change is missing", "zero + ": "a change is missing", "double": "there are skip, patch", "zero 3": "takes no value", "scale": "is no number",
		"scale NaN": "must be finite", "noise -1": "not negative", "noise x": "is no number", "noise 1,x": "the seed", "noise 1,-2": "the seed", "noise 1,3..2": "the seeds", "noise 1,1,1": "there twice", "noise 1,0..99999": "the seeds", `set "x" from h.1`: "only a patch", `patch "x" from h.1@y`: "positions", "set": "needs a .npy file",
		"add *2": "needs a .npy file", "patch": "needs another prompt", "zero at sea": "no site is called", `patch "x`: "has no end",
	} {
		_, err := intervene.ParseChange(text)
		mustChoice(t, text, err, says)
	}
}

func TestParsePoint(t *testing.T) {
	for text, want := range map[string]string{
		"h.3": "[h.3] all [] all", "h.3@last": "[h.3] last [] all", "h.3.attn:h5@0,3": "[h.3.attn:h5] 0,3 [] all", "h.3@0,3:2,7": "[h.3] 0,3 [] 2,7",
		"h.3:in@-2..": "[h.3:in] -2.. [] all", "h.2@12 from h.8@5": "[h.2] 12 [h.8] 5", "h.2@last from h.8": "[h.2] last [h.8] all", "h.2@3 from last": "[h.2] 3 [] last",
		"h.1.attn:q1 from h.1.attn:q0": "[h.1.attn:q1] all [h.1.attn:q0] all", "h.2..4.mlp@-1": "[h.2.mlp h.3.mlp h.4.mlp] last [] all", "h.2..3": "[h.2 h.3] all [] all",
		"h.2..3.attn:h1": "[h.2.attn:h1 h.3.attn:h1] all [] all", "h.0..1 from h.4..5@1..2": "[h.0 h.1] all [h.4 h.5] 1..2", "2..3.mlp": "[2.mlp 3.mlp] all [] all",
	} {
		w, err := intervene.ParsePoint(text)
		if got := fmt.Sprint(w.Points, " ", w.At, " ", w.From.Points, " ", w.From.At); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", text, got, err, want)
		}
	}
	for text, says := range map[string]string{"h.3@": "positions", "h.3@x": "positions", "h.3@0:": "positions", "h.3@0:y": "positions", "h.3@1 from h.2@y": "positions",
		"h.3@0:1 from h.2": "given twice", "h.5..2.mlp": "lower number first", "h.3 from 1..0": "runs backwards"} {
		_, err := intervene.ParsePoint(text)
		mustChoice(t, text, err, says)
	}
}

func TestConflict(t *testing.T) {
	at := func(kind, value, positions string) intervene.Spec {
		s, err := intervene.ParseSpec(kind, value)
		if err != nil {
			t.Fatal(err)
		}
		if s.At, err = hooks.ParsePositions(positions); err != nil {
			t.Fatal(err)
		}
		return s
	}
	zero, last, first := at("zero", "", "all"), at("mean", "", "last"), at("set", "x.npy", "0")
	mustChoice(t, "zero and mean", intervene.Conflict("h.3", []intervene.Spec{zero, last}, 5), "zero and mean conflict: both put something in the place of h.3")
	mustChoice(t, "one position", intervene.Conflict("h.3", []intervene.Spec{first, last}, 1), "conflict")
	for _, ok := range [][]intervene.Spec{{first, last}, {zero, at("scale", "2", "all")}, {at("scale", "2", "all"), at("scale", "3", "all")}, {zero}} {
		if err := intervene.Conflict("h.3", ok, 5); err != nil {
			t.Error(err)
		}
	}
	if s := at("scale", "2", "all"); s.Factor != 2 || !math.IsNaN(zero.Factor) {
		t.Error("the factors are wrong")
	}
}

func FuzzParseChange(f *testing.F) {
	for _, s := range []string{"scale 0:2:0.1", "zero at attn + zero at mlp", `patch "a + b" + noise 1,2`, "add f.npy*2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		specs, err := intervene.ParseChange(text)
		if err != nil {
			return
		}
		for _, change := range specs {
			for _, s := range change {
				again, err := intervene.ParseChange(s.String())
				if err != nil && s.File == "" {
					t.Fatalf("%q has a part %q, which does not read back: %v", text, s, err)
				}
				if err == nil && s.File == "" && (len(again) != 1 || again[0][0].String() != s.String()) {
					t.Fatalf("%q has a part %q, which reads back as %v", text, s, again)
				}
			}
		}
	})
}
