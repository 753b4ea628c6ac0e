package lens

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestFastGenerate: the same text, and each step's lens near the exact one.
func TestFastGenerate(t *testing.T) {
	for _, name := range []string{"12x96", "gemma2-96"} {
		m := openModel(t, reference.Model(t, name), model.Options{DType: "float32"})
		ids := reference.IDs(5, 6, m.Sizes.Vocab)
		for _, o := range []Options{{Next: true, Logits: true, Hidden: true}, {Projection: Normed, Positions: []int{1}, Words: []Word{{"a", 3}}, Track: 2, Logits: true, Hidden: true}} {
			write := func(o Options) *Generation {
				g, err := Generate(context.Background(), m, ids, GenerateOptions{MaxNew: 5, NoEnd: true, Lens: o}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return g
			}
			exact := write(o)
			o.Fast = true
			fast := write(o)
			same(t, "sequence", fast.Sequence, exact.Sequence)
			for i := range exact.Steps {
				nearResult(t, fast.Steps[i].Lens, exact.Steps[i].Lens, apart(t, m, exact.Steps[i].Lens))
			}
			if fast.Manifest.Mode != "fast" {
				t.Errorf("the manifest says %s", fast.Manifest.Mode)
			}
		}
	}
}

// TestFastForbidden: a token that may not come yet is passed over, whether another one is
// among the candidates or not.
func TestFastForbidden(t *testing.T) {
	m := openModel(t, reference.Model(t, "12x96"), model.Options{})
	ids := reference.IDs(5, 6, m.Sizes.Vocab)
	write := func(o GenerateOptions) []int64 {
		g, err := Generate(context.Background(), m, ids, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		return g.Sequence
	}
	free := write(GenerateOptions{MaxNew: 4, NoEnd: true})
	for _, top := range []int{1, 3} {
		o := GenerateOptions{MaxNew: 4, MinNew: 4, End: free[6:7], Lens: Options{Top: top}}
		exact := write(o)
		o.Lens.Fast = true
		same(t, "sequence", write(o), exact)
		if slices.Contains(exact[6:], free[6]) || slices.Equal(exact, free) {
			t.Errorf("%v was written where %d is forbidden", exact, free[6])
		}
	}
}

// TestFastDiff: KL(clean || changed) of each cell is near the exact one.
func TestFastDiff(t *testing.T) {
	m := openModel(t, reference.Model(t, "12x96"), model.Options{})
	ids := reference.IDs(5, 9, m.Sizes.Vocab)
	h := &hooks.Registry{}
	h.Add("h.3.mlp", hooks.Scale(0.2))
	for _, o := range []Options{{Next: true}, {Projection: Normed, Rows: []int{2, 5, 12}, Positions: []int{1, -1}}, {Projection: Raw, At: Attn}} {
		o.Hooks = h
		exact, err := ReadDiff(context.Background(), m, ids, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Fast = true
		fast, err := ReadDiff(context.Background(), m, ids, o)
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for i, x := range exact.KL {
			approx.Check(t, fmt.Sprintf("KL of cell %d", i), fast.KL[i], x, 1e-4*(1+float64(x)))
			if x > 0.01 {
				changed++
			}
		}
		if len(fast.KL) != len(exact.KL) || changed == 0 {
			t.Errorf("%d cells, want %d; %d of them changed", len(fast.KL), len(exact.KL), changed)
		}
	}
}

// TestFastEach: a function sees each row's logits once, at all positions.
func TestFastEach(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(5, 7, m.Sizes.Vocab)
	seen := map[int][]float32{}
	o := Options{Positions: []int{2, -1}, Logits: true, Fast: true, Each: func(row Row, x *torch.Tensor) error {
		v, err := torch.Values[float32](x)
		seen[row.Index] = v
		return err
	}}
	r := read(t, m, ids, o)
	V := m.Sizes.Vocab
	for n, row := range r.Rows {
		x := seen[row.Index]
		if len(x) != len(ids)*V {
			t.Fatalf("row %d: %d logits", row.Index, len(x))
		}
		for i, p := range r.Positions {
			same(t, "logits", bitsOf(r.Logits[(n*2+i)*V:(n*2+i+1)*V]), bitsOf(x[p*V:(p+1)*V]))
			best := largest(x[p*V : (p+1)*V])[0]
			if id := r.TopIDs[(n*2+i)*r.K]; id != int64(best) {
				t.Errorf("row %d: the likeliest is %d, by its logits %d", row.Index, id, best)
			}
		}
	}
	wrong := errors.New("no more")
	o.Each = func(Row, *torch.Tensor) error { return wrong }
	if _, err := Read(context.Background(), m, ids, o); !errors.Is(err, wrong) {
		t.Errorf("the function's error came back as %v", err)
	}
}

// TestFastNaN: a state that is not a number is said so, and the other cells are read.
func TestFastNaN(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(5, 7, m.Sizes.Vocab)
	v := newTensor(t, append(make([]float32, m.Sizes.Width-1), float32(math.NaN())), int64(m.Sizes.Width))
	h := &hooks.Registry{}
	h.Add("h.2", hooks.Add("v", v).At(hooks.Last))
	o := Options{Next: true, Track: 1, Hooks: h, Hidden: true, Logits: true}
	exact := read(t, m, ids, o)
	o.Fast = true
	fast := read(t, m, ids, o)
	if len(exact.Warnings) == 0 || !strings.Contains(exact.Warnings[0], "NaN") {
		t.Fatalf("the exact reading warns of %v", exact.Warnings)
	}
	same(t, "warnings", fast.Warnings, exact.Warnings)
	same(t, "ids", fast.TopIDs, exact.TopIDs)
	same(t, "agreement", fast.Agree, exact.Agree)
	same(t, "ranks", fast.Targets.Rank, exact.Targets.Rank)
	for i := range exact.TopProbs {
		if isNaN(fast.TopProbs[i]) != isNaN(exact.TopProbs[i]) {
			t.Fatalf("probability %d is %v, exactly %v", i, fast.TopProbs[i], exact.TopProbs[i])
		}
	}
}

func TestFastChoices(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	for _, c := range []struct {
		o    Options
		text string
	}{
		{Options{Kernel: ATen}, "belongs to the fast mode"},
		{Options{Fast: true, Kernel: "blas"}, "auto, aten, f32, x3 and tf32x3"},
		{Options{Packed: true}, "packed weights belong to the fast mode"},
	} {
		_, err := Read(context.Background(), m, []int64{1}, c.o)
		var choice *ChoiceError
		if !errors.As(err, &choice) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: error %v", c.o, err)
		}
	}
}

// TestFastLeaves: nothing is left behind, nor where a reading ends early.
func TestFastLeaves(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(5, 40, m.Sizes.Vocab)
	o := Options{Fast: true, Next: true, Track: 2, Projection: Normed, Logits: true}
	near := Options{Fast: true, Next: true, Track: 2, Kernel: TF32X3}
	read(t, m, ids, o) // what is made once
	read(t, m, ids, near)
	before := torch.Live()
	read(t, m, ids, o)
	read(t, m, ids, near)
	ctx, cancel := context.WithCancel(context.Background())
	o.Each = func(Row, *torch.Tensor) error { cancel(); return nil }
	if _, err := Read(ctx, m, ids, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	if n := torch.Live() - before; n != 0 {
		t.Errorf("%d objects are left", n)
	}
}

// TestFastOrder: where the kernel f32 adds in libtorch's order, its logits have the bits
// of libtorch's product of many rows.
func TestFastOrder(t *testing.T) {
	for _, name := range []string{"12x96", "3x768", "phi-96"} {
		m := openModel(t, reference.Model(t, name), model.Options{})
		r := read(t, m, reference.IDs(5, 18, m.Sizes.Vocab), Options{Fast: true, Kernel: F32, Logits: true})
		switch order := r.Manifest.Order; {
		case strings.HasSuffix(order, ", not as libtorch"):
			untested.Missing(t, "the order of this machine's matrix library is not known: %s", order)
		case !strings.HasSuffix(order, ", as libtorch"):
			t.Fatalf("the manifest says %q", order)
		}
		for i, id := range r.TopIDs {
			x, want := r.TopLogits[i], r.Logits[i/r.K*r.Vocab+int(id)]
			if math.Float32bits(x) != math.Float32bits(want) {
				t.Fatalf("%s: candidate %d has %v, and libtorch %v", name, i, x, want)
			}
		}
	}
}

// TestFastPacked: with states of golens's own products too, a logit is off by no more
// than the difference of states times a word's weights.
func TestFastPacked(t *testing.T) {
	for _, name := range []string{"12x96", "phi-96", "llama3-96"} {
		m := openModel(t, reference.Model(t, name), model.Options{})
		for _, kind := range []Projection{Notebook, Raw} {
			ids := reference.IDs(7, 20, m.Sizes.Vocab)
			o := Options{Projection: kind, Next: true, Logits: true, Hidden: true}
			exact := read(t, m, ids, o)
			o.Fast, o.Packed = true, true
			packed := read(t, m, ids, o)
			if !packed.Manifest.Packed || exact.Manifest.Packed {
				t.Errorf("%s: the manifests do not say what is packed", name)
			}
			C := exact.Width
			change := make([]float32, len(exact.Hidden))
			for i := range change {
				change[i] = packed.Hidden[i] - exact.Hidden[i]
			}
			u, err := m.Unembedding()
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			w, err := torch.Values[float32](u.Weight)
			if err != nil {
				t.Fatal(err)
			}
			// Some hundred roundings of 6e-8, some of which add up.
			if far, all := longest(change, C), longest(exact.Hidden, C); !(far <= 1e-5*all) || far == 0 {
				t.Errorf("%s: states of length %v are off by %v", name, all, far)
			}
			packed.Hidden = nil
			nearResult(t, packed, exact, apart(t, m, exact)+longest(change, C)*longest(w, C))
		}
	}
	m := openModel(t, reference.Model(t, "12x96"), model.Options{DType: "bfloat16"})
	if r := read(t, m, []int64{1, 2}, Options{Fast: true, Packed: true}); r.Manifest.Packed {
		t.Error("a model of 16 bits was packed")
	}
}

// TestFastCUDA: on a GPU the same operations run, and agree with the CPU's exact mode.
func TestFastCUDA(t *testing.T) {
	gpu, err := torch.OpenDevice("cuda")
	if err != nil {
		untested.Here(t, "there is no GPU to read on: %v", err)
	}
	dir := reference.Model(t, "12x96")
	m := openModel(t, dir, model.Options{})
	ids := reference.IDs(5, 14, m.Sizes.Vocab)
	o := Options{Next: true, Track: 2, Logits: true, Hidden: true}
	exact := read(t, m, ids, o)
	o.Fast = true
	on := openModel(t, dir, model.Options{Device: gpu})
	auto := ATen
	if gpu.HasTF32() {
		auto = TF32X3
	}
	for asked, want := range map[Kernel]Kernel{Auto: auto, ATen: ATen, TF32X3: TF32X3} {
		o.Kernel = asked
		fast := read(t, on, ids, o)
		if fast.Manifest.Kernel != string(want) {
			t.Errorf("for %s the kernel is %s", asked, fast.Manifest.Kernel)
		}
		fast.Hidden = nil // states of another device
		nearResult(t, fast, exact, 10*apart(t, m, exact))
	}
}
