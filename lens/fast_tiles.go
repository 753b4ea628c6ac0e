package lens

import (
	_ "embed"
	"slices"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed product.py
var productText string

//go:embed tiles.py
var tilesText string

var tilesProgram = torch.NewProgram("Tiles", productText+tilesText)

// tiles is the readout by libtorch's operations, on tiles of the vocabulary.
type tiles struct {
	text   *torch.Program
	head   *model.Unembedding
	device torch.Device
	size   int  // words of a tile; 0 for what is best
	wide   bool // products are summed in float64, and rounded
	copies bool // a product copies its part of the weights
}

// openTiles returns the tiles of a model's head, which the caller closes.
func openTiles(m *model.Model) (*tiles, error) {
	head, err := m.Unembedding()
	if err != nil {
		return nil, err
	}
	return &tiles{text: tilesProgram, head: head, device: m.Device}, nil
}

func (t *tiles) Close() error { return t.head.Close() }

// A block of 400 rows shares the reading of the weights well enough, and its tile
// stays in the cache. Where many candidates are kept, there are fewer rows.
func (t *tiles) rows(top int) int { return max(1, min(400, 1<<22/top)) }

// width returns the words of a tile for so many rows: tiles of about equal width, that
// with their sums stay in the cache.
func (t *tiles) width(rows int) int {
	V := int(t.head.Weight.Shape()[0])
	n := t.size
	if n == 0 {
		n = max(1024, min(8192, 3<<18/max(1, rows)))
		if !t.device.Host() { // its memory is as good as a cache, and each call costs
			n = 1 << 16
			if t.copies { // 64 MiB of logits, and 128 MiB of weights
				n = max(1024, min(n, 1<<24/max(1, rows), 1<<25/int(t.head.Weight.Shape()[1])))
			}
		}
	}
	count := (V + n - 1) / n
	if n = (V + count - 1) / count; t.size == 0 {
		n = (n + 63) / 64 * 64 // whole vectors, and whole panels of a matrix library
	}
	return n
}

func (t *tiles) read(states []*torch.Tensor, final, top int, targets []int64, n int) (*reading, error) {
	var sc torch.Scope
	defer sc.Close()
	a, err := t.ask(&sc, states, targets, n)
	if err != nil {
		return nil, err
	}
	out, err := t.find(&sc, a, final, top)
	if err != nil {
		return nil, err
	}
	return a.reading(out, top, int(t.head.Weight.Shape()[0]))
}

// asked is what a readout is asked for, as its text takes it.
type asked struct {
	h       *torch.Tensor // [P,S,C]
	at      []int64       // Q positions with a target
	ids     []int64       // [Q,N], 0 for none
	targets []int64       // [P,n], -1 for none
	n       int           // N, or 0

	atTensor, idTensor *torch.Tensor
}

func (t *tiles) ask(sc *torch.Scope, states []*torch.Tensor, targets []int64, n int) (a *asked, err error) {
	a = &asked{targets: targets, n: n}
	if a.h, err = t.stack(sc, states); err != nil {
		return nil, err
	}
	for p := range a.h.Shape()[0] {
		if row := targets[int(p)*n : int(p+1)*n]; slices.ContainsFunc(row, func(id int64) bool { return id >= 0 }) {
			a.at = append(a.at, p)
			for _, id := range row {
				a.ids = append(a.ids, max(0, id))
			}
		}
	}
	if a.atTensor, err = t.upload(sc, a.at, int64(len(a.at))); err != nil {
		return nil, err
	}
	a.idTensor, err = t.upload(sc, a.ids, int64(len(a.at)), int64(max(1, n)))
	return a, err
}

// find returns what the text's "read" does.
func (t *tiles) find(sc *torch.Scope, a *asked, final, top int) ([]*torch.Tensor, error) {
	logits, err := t.targetLogits(sc, a.h, a.atTensor, a.ids, len(a.at), max(1, a.n))
	if err != nil {
		return nil, err
	}
	shape := a.h.Shape()
	out, err := t.text.Call("read", a.h, t.head.Weight, t.bias(), t.head.Cap, t.width(int(shape[0]*shape[1])), final, top, a.atTensor, a.idTensor, logits)
	for _, x := range out {
		torch.Keep(sc, x)
	}
	return out, err
}

// reading brings over what "read" returned, of a vocabulary of V words.
func (a *asked) reading(out []*torch.Tensor, top, V int) (*reading, error) {
	P, S, Q, n := int(a.h.Shape()[0]), int(a.h.Shape()[1]), len(a.at), a.n
	r := newReading(S, P, top, n)
	var own []float32
	var above, equal []int64
	if err := torch.Fill(out, &r.TopIDs, &r.TopLogits, &r.LogSumExp, &r.Entropy, &r.KL, &own, &above, &equal); err != nil {
		return nil, err
	}
	for s := range S {
		for q, p := range a.at {
			for j := range n {
				if a.targets[int(p)*n+j] < 0 {
					continue
				}
				to, from := (s*P+int(p))*n+j, (s*Q+q)*n+j
				r.TargetLogit[to] = own[from]
				r.TargetRank[to], r.TargetTies[to] = rankOf(own[from], above[from], equal[from], V)
			}
		}
	}
	return r, nil
}

// targetLogits returns the logits [Q,S,N] of words ids [Q,N] at positions of h [P,S,C].
func (t *tiles) targetLogits(sc *torch.Scope, h, at *torch.Tensor, ids []int64, Q, N int) (*torch.Tensor, error) {
	if Q == 0 {
		x, err := torch.New([]float32{}, 0, h.Shape()[1], int64(N))
		if err != nil {
			return nil, err
		}
		torch.Keep(sc, x)
		x, err = x.To(torch.Float32, t.device)
		return torch.Keep(sc, x), err
	}
	y, err := t.one("rows_at", h, at)
	if err != nil {
		return nil, err
	}
	defer y.Close()
	x, err := t.words(y, ids, N)
	return torch.Keep(sc, x), err
}

// words returns the logits of words of each position's own, ids [P,N], of h [P,S,C]: [P,S,N].
func (t *tiles) words(h *torch.Tensor, ids []int64, N int) (*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	// Each word is read once, and no fewer than some: of few words the product would
	// add in another order.
	list := slices.Compact(slices.Sorted(slices.Values(ids)))
	which := make([]int64, len(ids))
	for i, id := range ids {
		n, _ := slices.BinarySearch(list, id)
		which[i] = int64(n)
	}
	for len(list) < 16 {
		list = append(list, list[0])
	}
	a, err := t.upload(&sc, list, int64(len(list)))
	if err != nil {
		return nil, err
	}
	b, err := t.upload(&sc, which, int64(len(ids)/N), int64(N))
	if err != nil {
		return nil, err
	}
	return t.one("chosen", h, t.head.Weight, t.bias(), t.head.Cap, a, b)
}

// chosen returns the logits of words of each position's own, ids [P,N], -1 for none,
// of S states [1,P,C]: [S,P,N].
func (t *tiles) chosen(states []*torch.Tensor, ids []int64, N int) ([]float32, error) {
	var sc torch.Scope
	defer sc.Close()
	h, err := t.stack(&sc, states)
	if err != nil {
		return nil, err
	}
	some := make([]int64, len(ids))
	for i, id := range ids {
		some[i] = max(0, id)
	}
	x, err := t.words(h, some, N)
	if err != nil {
		return nil, err
	}
	torch.Keep(&sc, x)
	if x, err = t.one("rows_first", x); err != nil {
		return nil, err
	}
	return torch.Values[float32](torch.Keep(&sc, x))
}

// logits returns all logits [1,P,V] of h [1,P,C], on tiles as for so many rows.
func (t *tiles) logits(h *torch.Tensor, rows int) (*torch.Tensor, error) {
	if t.wide {
		x, err := h.To(torch.Float64, t.device)
		if err != nil {
			return nil, err
		}
		defer x.Close()
		h = x
	}
	return t.one("logits", h, t.head.Weight, t.bias(), t.head.Cap, t.width(rows))
}

// gather returns the positions at [P] of a state [1,T,C]: [1,P,C].
func (t *tiles) gather(h, at *torch.Tensor) (*torch.Tensor, error) { return t.one("gather", h, at) }

func (t *tiles) stack(sc *torch.Scope, states []*torch.Tensor) (*torch.Tensor, error) {
	h, err := t.one("stack", states)
	if torch.Keep(sc, h); err != nil || !t.wide {
		return h, err
	}
	h, err = h.To(torch.Float64, t.device)
	return torch.Keep(sc, h), err
}

// bias is the head's bias as an argument.
func (t *tiles) bias() any {
	if t.head.Bias == nil {
		return nil
	}
	return t.head.Bias
}

func (t *tiles) one(method string, args ...any) (*torch.Tensor, error) {
	return torch.One(t.text.Call(method, args...))
}

func (t *tiles) upload(sc *torch.Scope, v []int64, shape ...int64) (*torch.Tensor, error) {
	x, err := torch.NewOn(t.device, v, shape...)
	return torch.Keep(sc, x), err
}
