package lens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// idSource gives ids in pieces of changing sizes, as a pipe does.
type idSource struct {
	ids []int64
	n   int
}

func (s *idSource) ReadIDs(to []int64) (int, error) {
	if len(s.ids) == 0 {
		return 0, io.EOF
	}
	s.n = (s.n*7 + 3) % 11
	n := copy(to[:min(len(to), s.n)], s.ids)
	s.ids = s.ids[n:]
	return n, nil
}

// textTwin computes what ReadText returns from the reference's own lens of each window.
type textTwin struct {
	R, V                          int
	tokens, targets               int
	loss, entropy, kl, reciprocal []float64
	size                          []float64 // the sums of the amounts of loss, entropy and kl, which bound the rounding
	agree                         []int
	margin, inTop                 []float64
	ranks                         [][]int64
	placeLoss                     map[[2]int]float64
	placeTargets                  map[int]int64
}

func newTwin(t *testing.T, q reference.Request, ids, prefix []int64, chunk int) *textTwin {
	w := &textTwin{placeLoss: map[[2]int]float64{}, placeTargets: map[int]int64{}}
	for from := 0; from < len(ids); from += chunk {
		to := min(from+chunk, len(ids))
		q := q
		q.IDs = append(slices.Clone(prefix), ids[from:to]...)
		for p := range to - from {
			q.Positions = append(q.Positions, len(prefix)+p)
		}
		q.Next, q.Top = true, 1
		cells := reference.Lens(t, q)
		var last reference.Arrays
		if to < len(ids) { // the last position's target is the next window's first token
			q.Next, q.Targets, q.TargetPositions = false, []int64{ids[to]}, []int{len(q.IDs) - 1}
			last = reference.Lens(t, q)
		}
		w.add(cells, last, to-from)
	}
	return w
}

func (w *textTwin) add(cells, last reference.Arrays, P int) {
	entropy, kl, agree := cells["entropy"].Float32, cells["kl"].Float32, cells["agree"].Bool
	w.R = len(entropy) / P
	if w.loss == nil {
		w.loss, w.entropy, w.kl, w.reciprocal, w.size = make([]float64, w.R), make([]float64, w.R), make([]float64, w.R), make([]float64, w.R), make([]float64, w.R)
		w.margin, w.inTop = make([]float64, w.R), make([]float64, w.R)
		w.agree, w.ranks = make([]int, w.R), make([][]int64, w.R)
	}
	w.tokens += P
	for n := range w.R {
		for p := range P {
			at := n*P + p
			w.entropy[n] += float64(entropy[at])
			w.kl[n] += float64(kl[at])
			w.size[n] += math.Abs(float64(entropy[at])) + math.Abs(float64(kl[at]))
			w.margin[n] += float64(cells["margin"].Float32[at])
			w.size[n] += float64(cells["margin"].Float32[at])
			if agree[at] {
				w.agree[n]++
			}
			logprob, rank, in := cells["target_logprob"].Float32[at], cells["target_rank"].Int64[at], cells["in_top_10"].Float32[at]
			if p == P-1 {
				if last == nil {
					continue
				}
				logprob, rank, in = last["target_logprob"].Float32[n], last["target_rank"].Int64[n], last["in_top_10"].Float32[n]
			}
			w.inTop[n] += float64(in)
			w.loss[n] -= float64(logprob)
			w.size[n] += math.Abs(float64(logprob))
			w.placeLoss[[2]int{n, p}] -= float64(logprob)
			w.reciprocal[n] += 1 / float64(rank)
			w.ranks[n] = append(w.ranks[n], rank)
			if n == 0 {
				w.targets++
				w.placeTargets[p]++
			}
		}
	}
}

// near compares a mean with a sum of n float64 numbers whose amounts add up to size:
// each of two sums in different orders is off by no more than n halves of the last bit of
// that, and the mean by an n-th of it.
func near(t *testing.T, what string, got, sum, size float64, n int) {
	t.Helper()
	if d, most := math.Abs(got-sum/float64(n)), size*0x1p-52; !(d <= most) {
		t.Errorf("%s is %v, and the reference's %v: %g apart, where %g can be of rounding", what, got, sum/float64(n), d, most)
	}
}

func (w *textTwin) compare(t *testing.T, got *lens.Text) {
	t.Helper()
	if got.Tokens != int64(w.tokens) || got.Targets != int64(w.targets) || len(got.Rows) != w.R || !got.Whole {
		t.Fatalf("%d tokens, %d targets, %d rows, whole %v; want %d, %d, %d", got.Tokens, got.Targets, len(got.Rows), got.Whole, w.tokens, w.targets, w.R)
	}
	for n := range w.R {
		at := got.Rows[n].Label
		near(t, at+" cross-entropy", got.CrossEntropy[n], w.loss[n], w.size[n], w.targets)
		near(t, at+" entropy", got.Entropy[n], w.entropy[n], w.size[n], w.tokens)
		for _, s := range got.Stats {
			switch s.Name {
			case "margin":
				near(t, at+" margin", s.Mean[n], w.margin[n], w.size[n], w.tokens)
			case "in_top_10": // sums of ones are exact
				if want := w.inTop[n] / float64(w.targets); s.Mean[n] != want || want != got.Within[n*len(lens.RankLimits)+slices.Index(lens.RankLimits, 10)] {
					t.Errorf("%s: a share of %v in the top 10, want %v", at, s.Mean[n], want)
				}
			}
		}
		near(t, at+" kl", got.KL[n], w.kl[n], w.size[n], w.tokens)
		near(t, at+" reciprocal rank", got.ReciprocalRank[n], w.reciprocal[n], w.reciprocal[n], w.targets)
		if want := float64(w.agree[n]) / float64(w.tokens); got.Agree[n] != want {
			t.Errorf("%s agrees in a share of %v, want %v", at, got.Agree[n], want)
		}
		ranks := slices.Sorted(slices.Values(w.ranks[n]))
		for i, limit := range lens.RankLimits {
			within, _ := slices.BinarySearch(ranks, int64(limit)+1)
			if want := float64(within) / float64(w.targets); got.Within[n*len(lens.RankLimits)+i] != want {
				t.Errorf("%s: a share of %v within %d, want %v", at, got.Within[n*len(lens.RankLimits)+i], limit, want)
			}
		}
		for i, percent := range lens.RankPercents {
			// The least rank with so many at or below it stands at the ceiling of the share.
			want := ranks[(percent*w.targets+99)/100-1]
			if got.Quantiles[n*len(lens.RankPercents)+i] != want {
				t.Errorf("%s: the quantile at %d %% is %d, want %d", at, percent, got.Quantiles[n*len(lens.RankPercents)+i], want)
			}
		}
		bins := make([]int64, got.Bins)
		for _, r := range ranks {
			bins[bits.Len(uint(r))-1]++
		}
		if !slices.Equal(bins, got.RankCounts[n*got.Bins:(n+1)*got.Bins]) {
			t.Errorf("%s: ranks by bins %v, want %v", at, got.RankCounts[n*got.Bins:(n+1)*got.Bins], bins)
		}
		for p := range got.Chunk {
			if got.PlaceTargets[p] != w.placeTargets[p] {
				t.Errorf("%d targets at position %d, want %d", got.PlaceTargets[p], p, w.placeTargets[p])
			}
			if w.placeTargets[p] > 0 {
				near(t, fmt.Sprintf("%s cross-entropy at %d", at, p), got.PlaceCrossEntropy[n*got.Chunk+p], w.placeLoss[[2]int{n, p}], w.size[n], int(w.placeTargets[p]))
			} else if !math.IsNaN(got.PlaceCrossEntropy[n*got.Chunk+p]) {
				t.Errorf("%s has a cross-entropy at position %d, where no target was", at, p)
			}
		}
	}
}

// TestText compares the means of texts with PyTorch's lens of each window.
func TestText(t *testing.T) {
	dir := reference.Model(t, "12x96")
	m := open(t, dir, model.SDPA)
	V := m.Sizes.Vocab
	for _, c := range []struct {
		name   string
		N, T   int
		prefix []int64
		o      lens.Options
		q      reference.Request
	}{
		{"whole windows", 48, 16, nil, lens.Options{}, reference.Request{}},
		{"a short last window", 53, 16, nil, lens.Options{}, reference.Request{}},
		{"a last window of one token", 33, 16, nil, lens.Options{Projection: lens.Normed}, reference.Request{Lens: "normed"}},
		{"one window that is not full", 9, 16, nil, lens.Options{Projection: lens.Raw}, reference.Request{Lens: "raw"}},
		{"windows of one token", 5, 1, nil, lens.Options{}, reference.Request{}},
		{"two tokens", 2, 16, nil, lens.Options{}, reference.Request{}},
		{"a prefix", 40, 16, []int64{50256}, lens.Options{}, reference.Request{}},
		{"a long prefix, some rows", 21, 7, []int64{1, 2, 3}, lens.Options{Rows: []int{0, 5, 12}}, reference.Request{Rows: []int{0, 5, 12}}},
		{"another site", 30, 16, nil, lens.Options{At: lens.MLP, Projection: lens.Normed}, reference.Request{At: "mlp", Lens: "normed"}},
		{"a lens of another package", 53, 16, nil, lens.Options{Projection: affine{}}, reference.Request{Lens: "affine"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids := reference.IDs(uint64(c.N), c.N, V)
			c.q.Model, c.q.Threads = dir, torch.Threads()
			if c.N != 53 { // with the statistics beside the others, and without
				c.o.Stats = stats
			}
			var seen []lens.TextProgress
			got, err := lens.ReadText(context.Background(), m, &idSource{ids: ids}, lens.TextOptions{Lens: c.o, Chunk: c.T, Prefix: c.prefix,
				Progress: func(p lens.TextProgress) { seen = append(seen, p) }})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Stats) != len(c.o.Stats) {
				t.Fatalf("%d statistics", len(got.Stats))
			}
			newTwin(t, c.q, ids, c.prefix, c.T).compare(t, got)
			if n := (c.N + c.T - 1) / c.T; len(seen) != n || got.Windows != int64(n) || seen[n-1].Tokens != int64(c.N) || seen[n-1].Windows != int64(n) || !(seen[0].Rate > 0) {
				t.Errorf("%d windows, progress %v", got.Windows, seen)
			}
			last := len(got.Rows) - 1
			if got.Rows[last].Index == 12 && c.o.At == "" && c.o.Projection != lens.Raw && (got.KL[last] != 0 || got.Agree[last] != 1) {
				t.Errorf("the model's own output: KL %v, agreement %v", got.KL[last], got.Agree[last])
			}
			// The checkpoint has GPT-2's tokenizer, or none.
			if got.Bytes > 0 {
				want := got.CrossEntropy[0] * float64(got.Targets) / float64(got.Bytes) / math.Ln2
				if b := got.BitsPerByte(0); b != want {
					t.Errorf("%v bits a byte, want %v", b, want)
				}
			}
			if got.Manifest.Mode != "exact" || got.Manifest.Lens == "" {
				t.Errorf("manifest %+v", got.Manifest)
			}
		})
	}
}

// TestTextHooks: an intervention acts in every window.
func TestTextHooks(t *testing.T) {
	dir := reference.Model(t, "12x96")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(4, 24, m.Sizes.Vocab)
	h := &hooks.Registry{}
	h.Add("h.3", hooks.Scale(0.5))
	got, err := lens.ReadText(context.Background(), m, &idSource{ids: ids}, lens.TextOptions{Lens: lens.Options{Hooks: h}, Chunk: 8})
	if err != nil {
		t.Fatal(err)
	}
	newTwin(t, reference.Request{Model: dir, Threads: torch.Threads(), Interventions: []reference.Intervention{reference.Scale("h.3", 0.5)}}, ids, nil, 8).compare(t, got)
	if !slices.Equal(got.Manifest.Interventions, []string{"h.3 scale 0.5"}) {
		t.Errorf("interventions %v", got.Manifest.Interventions)
	}
}

// TestTextDefault: windows are of 256 tokens, or as long as the context where that is
// less.
func TestTextDefault(t *testing.T) {
	m := open(t, reference.Model(t, "12x96"), model.SDPA)
	want := min(256, m.Sizes.Context)
	got, err := lens.ReadText(context.Background(), m, &idSource{ids: reference.IDs(1, want+3, m.Sizes.Vocab)}, lens.TextOptions{Lens: lens.Options{Rows: []int{12}}})
	if err != nil || got.Chunk != want || got.Windows != 2 {
		t.Fatalf("%v: windows of %d tokens, %d of them", err, got.Chunk, got.Windows)
	}
}

// A source that fails, or that is not of the model, is an error; what was read before
// comes with it.
type failing struct {
	idSource
	err error
}

func (f *failing) ReadIDs(to []int64) (int, error) {
	n, err := f.idSource.ReadIDs(to)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

func TestTextErrors(t *testing.T) {
	m := open(t, reference.Model(t, "12x96"), model.SDPA)
	V := int64(m.Sizes.Vocab)
	broken := errors.New("the disk is gone")
	long := make([]int64, m.Sizes.Context)
	for name, c := range map[string]struct {
		source  lens.TokenSource
		o       lens.TextOptions
		windows int64 // that were read before
		want    string
	}{
		"empty":              {&idSource{}, lens.TextOptions{}, 0, lens.ErrNoText.Error()},
		"one token":          {&idSource{ids: []int64{5}}, lens.TextOptions{}, 0, "one token"},
		"foreign id":         {&idSource{ids: []int64{1, 2, 3, 4, V}}, lens.TextOptions{Chunk: 2}, 1, fmt.Sprintf("token %d at position 4", V)},
		"negative id":        {&idSource{ids: []int64{1, -1}}, lens.TextOptions{Chunk: 2}, 0, "token -1 at position 1"},
		"failing source":     {&failing{idSource{ids: []int64{1, 2, 3, 4, 5}}, broken}, lens.TextOptions{Chunk: 2}, 2, broken.Error()},
		"fails at once":      {&failing{idSource{}, broken}, lens.TextOptions{Chunk: 2}, 0, broken.Error()},
		"long window":        {&idSource{}, lens.TextOptions{Chunk: m.Sizes.Context + 1}, 0, "ask for 1 to"},
		"long with a prefix": {&idSource{}, lens.TextOptions{Chunk: m.Sizes.Context, Prefix: []int64{1}}, 0, "in front of each window"},
		"prefix only":        {&idSource{}, lens.TextOptions{Prefix: long}, 0, "no room"},
		"foreign prefix":     {&idSource{}, lens.TextOptions{Prefix: []int64{V}}, 0, "not in the vocabulary"},
		"negative window":    {&idSource{}, lens.TextOptions{Chunk: -1}, 0, "-1 tokens"},
		"positions":          {&idSource{}, lens.TextOptions{Lens: lens.Options{Positions: []int{0}}}, 0, "cannot be chosen"},
		"no such row":        {&idSource{ids: []int64{1, 2}}, lens.TextOptions{Lens: lens.Options{Rows: []int{99}}}, 0, "no row 99"},
		"never ends":         {stuck{}, lens.TextOptions{}, 0, io.ErrNoProgress.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lens.ReadText(context.Background(), m, c.source, c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			windows := int64(0)
			if got != nil {
				windows = got.Windows
				if got.Whole {
					t.Error("it calls itself whole")
				}
			}
			if windows != c.windows {
				t.Errorf("%d windows beside the error, want %d", windows, c.windows)
			}
		})
	}
}

type stuck struct{}

func (stuck) ReadIDs([]int64) (int, error) { return 0, nil }

// TestTextInterrupted: the means of the windows before the end of ctx are those of the
// text up to there, but for the target behind it, which is known.
func TestTextInterrupted(t *testing.T) {
	m := open(t, reference.Model(t, "12x96"), model.SDPA)
	ids := reference.IDs(8, 40, m.Sizes.Vocab)
	ctx, cancel := context.WithCancel(context.Background())
	got, err := lens.ReadText(ctx, m, &idSource{ids: ids}, lens.TextOptions{Chunk: 8, Progress: func(p lens.TextProgress) {
		if p.Windows == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || got == nil || got.Whole || got.Windows != 2 || got.Tokens != 16 || got.Targets != 16 {
		t.Fatalf("%v: %+v", err, got)
	}
	if got, err := lens.ReadText(ctx, m, &idSource{ids: ids}, lens.TextOptions{Chunk: 8}); !errors.Is(err, context.Canceled) || got != nil {
		t.Fatalf("before the first window: %v, %+v", err, got)
	}
}

// TestTextNaN: cells of NaN show in the means, agree with nothing, and their targets have
// the last rank, of which 1/rank is the mean.
func TestTextNaN(t *testing.T) {
	m := open(t, reference.Model(t, "12x96"), model.SDPA)
	h := &hooks.Registry{}
	h.Add("h.3", hooks.Scale(math.NaN()))
	got, err := lens.ReadText(context.Background(), m, &idSource{ids: reference.IDs(8, 12, m.Sizes.Vocab)}, lens.TextOptions{Chunk: 8, Lens: lens.Options{Hooks: h}})
	if err != nil {
		t.Fatal(err)
	}
	const bad = 5 // the row of h.3 is 4
	if got.Bad[3] != 0 || got.Bad[4] != 12 || got.Bad[12] != 12 {
		t.Errorf("cells that are no numbers: %v", got.Bad)
	}
	V, K := int64(m.Sizes.Vocab), len(lens.RankPercents)
	if !math.IsNaN(got.CrossEntropy[bad]) || got.Agree[bad] != 0 || !(math.Abs(got.ReciprocalRank[bad]*float64(V)-1) <= 1e-12) || got.Quantiles[bad*K] != V || got.Within[bad*len(lens.RankLimits)] != 0 {
		t.Errorf("cross-entropy %v, agreement %v, reciprocal rank %v, rank %d", got.CrossEntropy[bad], got.Agree[bad], got.ReciprocalRank[bad], got.Quantiles[bad*K])
	}
	if math.IsNaN(got.CrossEntropy[3]) || got.Quantiles[3*K] == V {
		t.Error("a row before the intervention is no number either")
	}
	if want := fmt.Sprintf("%d of %d cells", 9*12, 13*12); len(got.Warnings) == 0 || !strings.HasPrefix(got.Warnings[0], want) || len(got.Warnings) > 2 {
		t.Errorf("warnings %q", got.Warnings)
	}
}
