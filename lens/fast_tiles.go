package lens

import (
	_ "embed"
	"slices"
	"sync"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed tiles.py
var tilesText string

var tilesModule = sync.OnceValues(func() (*torch.Module, error) {
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Tiles", tilesText)
})

// tiles is the readout by libtorch's operations, on tiles of the vocabulary.
type tiles struct {
	text   *torch.Module
	head   *model.Unembedding
	device torch.Device
	size   int // words of a tile; 0 for what is best
}

// openTiles returns the tiles of a model's head, which the caller closes.
func openTiles(m *model.Model) (*tiles, error) {
	text, err := tilesModule()
	if err != nil {
		return nil, err
	}
	head, err := m.Unembedding()
	if err != nil {
		return nil, err
	}
	return &tiles{text: text, head: head, device: m.Device}, nil
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
		if t.device.IsCUDA() { // its memory is as good as a cache, and each call costs
			n = 1 << 16
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
	h, err := t.stack(&sc, states)
	if err != nil {
		return nil, err
	}
	P, S, N := int(h.Shape()[0]), len(states), max(1, n)
	var at, ids []int64 // of the positions with a target
	for p := range P {
		if row := targets[p*n : (p+1)*n]; slices.ContainsFunc(row, func(id int64) bool { return id >= 0 }) {
			at = append(at, int64(p))
			for _, id := range row {
				ids = append(ids, max(0, id))
			}
		}
	}
	Q := len(at)
	atTensor, err := t.upload(&sc, at, int64(Q))
	if err != nil {
		return nil, err
	}
	idTensor, err := t.upload(&sc, ids, int64(Q), int64(N))
	if err != nil {
		return nil, err
	}
	logits, err := t.targetLogits(&sc, h, atTensor, ids, Q, N)
	if err != nil {
		return nil, err
	}
	out, err := t.text.Call("read", h, t.head.Weight, t.bias(), t.head.Cap, t.width(P*S), final, top, atTensor, idTensor, logits)
	if err != nil {
		return nil, err
	}
	for _, x := range out {
		torch.Keep(&sc, x)
	}
	r := newReading(S, P, top, n)
	var own []float32
	var above, equal []int64
	if err := fetch(out, &r.TopIDs, &r.TopLogits, &r.LogSumExp, &r.Entropy, &r.KL, &own, &above, &equal); err != nil {
		return nil, err
	}
	for s := range S {
		for q, p := range at {
			for j := range n {
				if targets[int(p)*n+j] < 0 {
					continue
				}
				to, from := (s*P+int(p))*n+j, (s*Q+q)*n+j
				r.TargetLogit[to], r.TargetRank[to], r.TargetTies[to] = own[from], above[from]+1, equal[from]-1
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
	return t.one("logits", h, t.head.Weight, t.bias(), t.head.Cap, t.width(rows))
}

// gather returns the positions at [P] of a state [1,T,C]: [1,P,C].
func (t *tiles) gather(h, at *torch.Tensor) (*torch.Tensor, error) { return t.one("gather", h, at) }

func (t *tiles) stack(sc *torch.Scope, states []*torch.Tensor) (*torch.Tensor, error) {
	h, err := t.one("stack", states)
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
	out, err := t.text.Call(method, args...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func (t *tiles) upload(sc *torch.Scope, v []int64, shape ...int64) (*torch.Tensor, error) {
	x, err := torch.New(v, shape...)
	if err != nil || !t.device.IsCUDA() {
		return torch.Keep(sc, x), err
	}
	defer x.Close()
	x, err = x.To(torch.Int64, t.device)
	return torch.Keep(sc, x), err
}

// fetch copies tensors to where they belong.
func fetch(from []*torch.Tensor, into ...any) (err error) {
	for i, to := range into {
		switch to := to.(type) {
		case *[]float32:
			*to, err = torch.Values[float32](from[i])
		case *[]float64:
			*to, err = torch.Values[float64](from[i])
		case *[]int64:
			*to, err = torch.Values[int64](from[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
