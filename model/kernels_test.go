package model_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// atThreads runs f at a thread count and puts the former one back.
func atThreads(t *testing.T, n int, f func()) {
	t.Helper()
	before := torch.Threads()
	if err := torch.SetThreads(n); err != nil {
		t.Fatal(err)
	}
	defer torch.SetThreads(before)
	f()
}

// sameRow reports whether row b of a batch [B,...] has the bits of x [1,...].
func sameRow(t *testing.T, batch *torch.Tensor, b int, x *torch.Tensor) bool {
	t.Helper()
	row, err := batch.Narrow(0, int64(b), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer row.Close()
	got, err := torch.Bytes(row)
	want, err2 := torch.Bytes(x)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return string(got) == string(want)
}

// TestBatched: in a session of Batched every text of a batch has the bits that it has alone
// in a plain one, behind each block as at the end, and so have the head's rows.
func TestBatched(t *testing.T) {
	lengths := []int{1, 2, 3, 4, 14, 22, 64, 256}
	if testing.Short() {
		lengths = []int{3, 14}
	}
	for _, name := range []string{"3x768", "12x96", "4x64-untied"} {
		dir := reference.Model(t, name)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := open(t, dir, model.Options{Attention: a})
			for _, threads := range []int{1, 2} {
				for _, T := range lengths {
					if T > m.Sizes.Context || name == "4x64-untied" && T > 22 {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s/threads=%d/T=%d", name, a, threads, T), func(t *testing.T) {
						atThreads(t, threads, func() { batchedTexts(t, m, T) })
					})
				}
			}
		}
	}
}

func batchedTexts(t *testing.T, m *model.Model, T int) {
	texts := [][]int64{reference.IDs(1, T, m.Sizes.Vocab), reference.IDs(2, T, m.Sizes.Vocab), reference.IDs(3, T, m.Sizes.Vocab)}
	points := []string{"h.0", "h.1.mlp"}
	capture := func() *hooks.Registry {
		h := &hooks.Registry{}
		h.Add("h.0.attn", hooks.Scale(0.5)) // which all rows have
		for _, p := range points {
			h.Capture(p)
		}
		return h
	}
	err := m.Hold(context.Background(), func(s model.Session) error {
		b, ok, err := s.Batched(T)
		if err != nil || !ok {
			t.Logf("no product at %d rows is one of the kernels' (%v)", T, err)
			return err
		}
		all, err := b.TrunkOf(texts, capture())
		if err != nil {
			return err
		}
		defer all.Close()
		for i, ids := range texts {
			alone, err := s.Trunk(ids, capture())
			if err != nil {
				return err
			}
			defer alone.Close()
			for _, p := range points {
				if !sameRow(t, all.Captured(p), i, alone.Captured(p)) {
					t.Errorf("text %d has other bits at %s than alone", i, p)
				}
			}
			if !sameRow(t, all.Results[0], i, alone.Results[0]) {
				t.Errorf("text %d has other bits at the end than alone", i)
			}
		}
		return sameHead(t, s, b, T, all.Results[0])
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sameHead compares the logits of the last rows of a batch, in one product, with those that they
// have in products of T rows.
func sameHead(t *testing.T, s, b model.Session, T int, normed *torch.Tensor) error {
	var sc torch.Scope
	defer sc.Close()
	var whole, last []*torch.Tensor
	for i := range normed.Shape()[0] {
		x, err := normed.Narrow(0, i, 1)
		if err != nil {
			return err
		}
		y, err := s.Head(torch.Keep(&sc, x))
		if err != nil {
			return err
		}
		torch.Keep(&sc, y)
		for _, part := range []struct {
			of *torch.Tensor
			to *[]*torch.Tensor
		}{{y, &whole}, {x, &last}} {
			row, err := part.of.Narrow(1, int64(T-1), 1)
			if err != nil {
				return err
			}
			*part.to = append(*part.to, torch.Keep(&sc, row))
		}
	}
	b, ok, err := b.HeadInBatch(T)
	if err != nil || !ok {
		t.Logf("the head's order at %d rows is not one of the kernels' (%v)", T, err)
		return err
	}
	for i, x := range last {
		y, err := b.Head(x)
		if err != nil {
			return err
		}
		if !sameRow(t, torch.Keep(&sc, y), 0, whole[i]) {
			t.Errorf("the logits of text %d alone are not those of its product of %d rows", i, T)
		}
	}
	return nil
}

// TestFastForward: a fast session is as near to the formulas in float64 as a plain one, and
// a text has the same bits alone and in any batch.
func TestFastForward(t *testing.T) {
	for _, c := range []struct {
		name string
		T    []int
	}{{"3x768", []int{1, 14}}, {"4x64-untied", []int{1, 2, 3, 20}}, {"", []int{5, 40}}} {
		dir := c.name
		if dir != "" {
			dir = reference.Model(t, dir)
		}
		m := open(t, dir, model.Options{})
		truth := newGPT2(t, m)
		for _, T := range c.T {
			ids := reference.IDs(7, T, m.Sizes.Vocab)
			want := truth.trunk(ids)
			err := m.Hold(context.Background(), func(s model.Session) error {
				fast, err := s.Fast()
				if err != nil {
					return err
				}
				var errs [2]float64
				for i, x := range []model.Session{s, fast} {
					run, err := x.Trunk(ids, nil)
					if err != nil {
						return err
					}
					defer run.Close()
					got, err := torch.Values[float32](run.Results[0])
					if err != nil {
						return err
					}
					for n, v := range got {
						errs[i] = max(errs[i], math.Abs(float64(v)-want[n]))
					}
					if i == 1 {
						texts := [][]int64{reference.IDs(8, T, m.Sizes.Vocab), ids, reference.IDs(9, T, m.Sizes.Vocab)}
						all, err := x.TrunkOf(texts, nil)
						if err != nil {
							return err
						}
						defer all.Close()
						if !sameRow(t, all.Results[0], 1, run.Results[0]) {
							t.Errorf("%s T=%d: a text has other bits in a batch", m.Name, T)
						}
					}
				}
				t.Logf("%s T=%d: the normed states differ from float64 by %.2g plain, %.2g fast", m.Name, T, errs[0], errs[1])
				if !(errs[1] < 2*errs[0]+1e-6) || !(errs[0] < 1e-3) {
					t.Errorf("%s T=%d: fast is further from float64 than twice plain: %g and %g", m.Name, T, errs[1], errs[0])
				}
				return sameFastHead(t, s, fast, ids)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// sameFastHead compares a fast head with a plain one.
func sameFastHead(t *testing.T, s, fast model.Session, ids []int64) error {
	run, err := s.Trunk(ids, nil)
	if err != nil {
		return err
	}
	defer run.Close()
	var logits [2][]float32
	for i, x := range []model.Session{s, fast} {
		y, err := x.Head(run.Results[0])
		if err != nil {
			return err
		}
		defer y.Close()
		if logits[i], err = torch.Values[float32](y); err != nil {
			return err
		}
	}
	for n, v := range logits[0] {
		if d := math.Abs(float64(v - logits[1][n])); !(d <= 1e-4*max(1, math.Abs(float64(v)))) {
			t.Errorf("logit %d is %g, and fast %g", n, v, logits[1][n])
			break
		}
	}
	return nil
}

// TestFastGeneration: a fast session's steps give what a fast run of the whole text gives, up to rounding.
func TestFastGeneration(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(4, 9, m.Sizes.Vocab)
	err := m.Hold(context.Background(), func(s model.Session) error {
		s, err := s.Fast()
		if err != nil {
			return err
		}
		whole, err := s.Trunk(ids, nil)
		if err != nil {
			return err
		}
		defer whole.Close()
		d, run, err := s.Begin(ids[:8], nil)
		if err != nil {
			return err
		}
		defer d.Close()
		run.Close()
		if run, err = s.Step(d, ids[8], nil); err != nil {
			return err
		}
		defer run.Close()
		logits, err := s.NextLogits(run)
		if err != nil {
			return err
		}
		defer logits.Close()
		all, err := s.Head(whole.Results[0])
		if err != nil {
			return err
		}
		defer all.Close()
		got, err := torch.Values[float32](logits)
		if err != nil {
			return err
		}
		want, err := torch.Values[float32](all)
		if err != nil {
			return err
		}
		for n, v := range got {
			if !approx.Check(t, fmt.Sprintf("logit %d of a step", n), v, want[8*m.Sizes.Vocab+n], 1e-4) {
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPackedMemory: packed weights take the place of the mapped ones, which can still be read.
func TestPackedMemory(t *testing.T) {
	m := open(t, reference.Model(t, "3x768"), model.Options{})
	ids := reference.IDs(5, 14, m.Sizes.Vocab)
	forward := func(s model.Session) string {
		run, err := s.Trunk(ids, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		y, err := s.Head(run.Results[0])
		if err != nil {
			t.Fatal(err)
		}
		defer y.Close()
		b, err := torch.Bytes(y)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	err := m.Hold(context.Background(), func(s model.Session) error {
		want := forward(s) // all pages of the file are in memory
		torch.Trim()
		before := resident(t, "VmRSS")
		fast, err := s.Fast()
		if err != nil {
			return err
		}
		first := forward(fast)
		torch.Trim()
		size := int64(3*(12*768*768)+50257*768) * 4
		if more := resident(t, "VmRSS") - before; more > size/10 {
			t.Errorf("packed weights of %d MB take %d MB besides the mapped ones", size>>20, more>>20)
		}
		if got := forward(s); got != want {
			t.Error("a plain run has other bits after weights were packed")
		}
		if forward(fast) != first {
			t.Error("a second fast run has other bits than the first")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPacks: what has no packed weights says why.
func TestPacks(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	for _, c := range []struct {
		o    model.Options
		want string
	}{{model.Options{}, ""}, {model.Options{DType: "bfloat16"}, "float32"}} {
		m := open(t, dir, c.o)
		err := m.Packs()
		if err == nil != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.o, err)
		}
		err = m.Hold(context.Background(), func(s model.Session) error {
			b, ok, err := s.Batched(9)
			if err != nil || c.want != "" && (ok || b != s) {
				t.Errorf("%v: batched %v %v", c.o, ok, err)
			}
			_, err = s.Fast()
			return err
		})
		var choice *model.ChoiceError
		if errors.As(err, &choice) != (c.want != "") {
			t.Errorf("%v: fast: %v", c.o, err)
		}
	}
	m := open(t, dir, model.Options{})
	err := m.Hold(context.Background(), func(s model.Session) error {
		for _, texts := range [][][]int64{nil, {{}}, {{1, 2}, {3}}, {{1, -1}}} {
			if run, err := s.TrunkOf(texts, nil); err == nil {
				run.Close()
				t.Errorf("a batch of %v was no error", texts)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
