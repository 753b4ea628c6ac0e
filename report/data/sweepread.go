package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/sweep"
)

// ReadSweep reads the JSON of a sweep.
func ReadSweep(in io.Reader) (*sweep.Result, error) {
	var top map[string]json.RawMessage
	d := json.NewDecoder(in)
	if err := d.Decode(&top); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	var format string
	if json.Unmarshal(top["format"], &format) != nil || format != SweepFormat {
		return nil, errors.New("it is no result of golens sweep")
	}
	var m sweepManifest
	if err := json.Unmarshal(top["manifest"], &m); err != nil {
		return nil, fmt.Errorf("its manifest: %w", err)
	}
	p := m.Plan
	r := &sweep.Result{Changes: p.Changes, Groups: p.Groups, Places: p.Places, Words: p.Words, Next: p.Next, Digest: p.Digest, Manifest: m.Manifest}
	var prompts []string
	if json.Unmarshal(top["prompts"], &prompts) == nil && len(prompts) == 1 {
		r.Prompt = prompts[0]
	}
	if json.Unmarshal(top["warnings"], &r.Warnings) != nil {
		return nil, errors.New("its warnings are no list of sentences")
	}
	for _, t := range p.Tokens {
		if t.ID == nil {
			return nil, errors.New("a token has no id")
		}
		b := []byte(t.Text)
		if t.Bytes != nil {
			b = t.Bytes
		}
		r.Tokens = append(r.Tokens, lens.Token{ID: *t.ID, Bytes: b})
	}
	F, B := len(p.Changes), len(p.Places)
	for _, g := range p.Groups {
		for _, f := range g.Changes {
			if f < 0 || f >= F {
				return nil, fmt.Errorf("the group %q names the change %d, and the plan has %d", g.Name, f, F)
			}
		}
	}
	read := func(name string, n int) ([]float64, error) {
		v, err := flat(top[name], nil)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case len(v) != n:
			return nil, fmt.Errorf("%s has %d values, and the plan has %d", name, len(v), n)
		}
		return v, nil
	}
	var err error
	if r.Factors, err = read("factors", F); err != nil {
		return nil, err
	}
	targets := len(p.Words)
	if p.Next {
		targets = len(p.Tokens) - 1
	}
	ids, err := read("target_ids", targets)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r.IDs = append(r.IDs, int64(id))
	}
	done, err := read("done", F*B)
	if err != nil {
		return nil, err
	}
	for _, v := range done {
		r.Done = append(r.Done, v != 0)
	}
	positions := 1
	if p.Next {
		positions = targets
	}
	r.Odd = make([]int64, F*B*positions)
	if _, ok := top["odd"]; ok {
		odd, err := read("odd", len(r.Odd))
		if err != nil {
			return nil, err
		}
		for i, v := range odd {
			r.Odd[i] = int64(v)
		}
	}
	for _, k := range p.Metrics {
		s := sweep.Series{Metric: sweep.Metric{Kind: k.Kind}, W: 1}
		if len(k.Words) == 2 {
			for i, w := range k.Words {
				s.Metric.Diff[i] = lens.Word{Text: w.Text, ID: w.ID}
			}
		}
		if p.Next || k.Kind.OfTargets() {
			s.W = targets
		}
		clean, err := read(cleanArray(k.Array), s.W)
		if err != nil {
			return nil, err
		}
		values, err := read(k.Array, F*B*s.W)
		if err != nil {
			return nil, err
		}
		s.Clean, s.Values = narrow(clean), narrow(values)
		if _, ok := top["other_"+k.Array]; ok {
			other, err := read("other_"+k.Array, s.W)
			if err != nil {
				return nil, err
			}
			s.Other = narrow(other)
		}
		r.Series = append(r.Series, s)
	}
	return r, nil
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// flat appends the numbers of nested lists; true is 1, and NaN and the infinities are texts.
func flat(raw json.RawMessage, to []float64) ([]float64, error) {
	var list []json.RawMessage
	if raw == nil {
		return nil, errors.New("it is missing")
	}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		var err error
		for _, item := range list {
			if to, err = flat(item, to); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case float64:
		return append(to, v), nil
	case bool:
		if v {
			return append(to, 1), nil
		}
		return append(to, 0), nil
	case string:
		f, err := strconv.ParseFloat(v, 64)
		if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
			return append(to, f), nil
		}
	}
	return nil, fmt.Errorf("%.40s is no number", raw)
}
