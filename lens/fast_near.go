package lens

import (
	_ "embed"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/golens/golens/torch"
)

//go:embed near.py
var nearText string

var nearProgram = torch.NewProgram("Near", nearText+tilesText)

// near is the readout by tiles with products of TF32 numbers, and of logits summed in
// float64 where it matters. Positions that cannot be decided so are read in float64.
type near struct {
	tiles                 // of near logits
	wide    *tiles        // of logits summed in float64
	lengths *torch.Tensor // what margins are made of; nil before the first reading
	spare   int           // candidates beyond those that are kept
	few     int           // rows that are not worth splitting the weights for
}

// openNear returns the readout of a head of float32 weights without a bound, and makes
// wide, which holds it, sum in float64. Close closes both.
func openNear(wide *tiles) (*near, error) {
	wide.wide, wide.copies = true, true
	n := &near{tiles: *wide, wide: wide, spare: 64, few: 32}
	n.text, n.tiles.wide = nearProgram, false
	return n, n.tried()
}

// tried returns an error where a trial finds that this device's products are off by more than
// the margin.
func (n *near) tried() error {
	if _, ok := nearTried.Load(n.device); ok {
		return nil
	}
	ok, err := n.trial(n.text)
	if err != nil {
		return err
	}
	if !ok {
		return choice("the kernel %s cannot be used on %s: in a trial its products were off by more than the margin that its results rest on: take %s", TF32X3, n.device, ATen)
	}
	nearTried.Store(n.device, true)
	return nil
}

// nearTried has the devices that have passed the trial.
var nearTried sync.Map

// trial reports whether the products of a text are within their margins on this device, for
// rows in which a fault shows. The margin grows with the width C and with |h||w|, so that
// rounding errors that go both ways stay far below it. They all go one way in the rows here.
func (n *near) trial(text methods) (bool, error) {
	const rows, words = 64, 256
	for _, C := range []int{16, 64, 256} {
		for kind := range nearKinds {
			r := rand.New(rand.NewPCG(uint64(C), uint64(kind)))
			h, w := make([]float32, rows*C), make([]float32, words*C)
			for i := range h {
				h[i] = nearKinds[kind](r, i)
			}
			for i := range w {
				w[i] = nearKinds[kind](r, i)
			}
			if ok, err := n.holds(text, h, w, C); err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}

// methods are those of a TorchScript text.
type methods interface {
	Call(method string, args ...any) ([]*torch.Tensor, error)
}

// nearKinds are the numbers of a trial: halves of the last TF32 bit above 1, whose cut parts
// add up; the same in the second part of a number; sizes far apart; and signs that cancel.
var nearKinds = []func(r *rand.Rand, i int) float32{
	func(r *rand.Rand, i int) float32 { return 1 + 0x1.8p-12 },
	func(r *rand.Rand, i int) float32 { return 1 + 0x1p-12 + 0x1p-13*r.Float32() },
	func(r *rand.Rand, i int) float32 { return float32(math.Ldexp(r.NormFloat64(), r.IntN(40)-20)) },
	func(r *rand.Rand, i int) float32 { return float32(1-2*(i&1)) + 0x1p-11*r.Float32() },
}

func (n *near) holds(text methods, h, w []float32, C int) (bool, error) {
	var sc torch.Scope
	defer sc.Close()
	var on [2]*torch.Tensor
	for i, v := range [][]float32{h, w} {
		x, err := torch.New(v, int64(len(v)/C), int64(C))
		if err != nil {
			return false, err
		}
		torch.Keep(&sc, x)
		if on[i], err = x.To(torch.Float32, n.device); err != nil {
			return false, err
		}
		torch.Keep(&sc, on[i])
	}
	var out []*torch.Tensor
	err := n.device.TF32(func() (err error) {
		out, err = text.Call("holds", on[0], on[1], nil)
		return err
	})
	if err != nil {
		return false, err
	}
	v, err := torch.Values[bool](torch.Keep(&sc, out[0]))
	return err == nil && v[0], err
}

// Close closes the head as well.
func (n *near) Close() error {
	n.lengths.Close()
	return n.wide.Close()
}

// On a GPU splitting the weights of a tile costs what the products of some hundred rows do.
func (n *near) rows(top int) int {
	if !n.device.Host() {
		return max(1, min(4096, 1<<24/top))
	}
	return n.tiles.rows(top)
}

func (n *near) read(states []*torch.Tensor, final, top int, targets []int64, count int) (*reading, error) {
	var sc torch.Scope
	defer sc.Close()
	rows, words := len(states)*int(states[0].Shape()[1]), int(n.head.Weight.Shape()[0])
	if rows < n.few || 4*(top+n.spare) > words { // or many candidates, each computed again
		return n.wide.read(states, final, top, targets, count)
	}
	a, err := n.ask(&sc, states, targets, count)
	if err != nil {
		return nil, err
	}
	if n.lengths == nil {
		if n.lengths, err = n.one("lengths", n.head.Weight, n.bias()); err != nil {
			return nil, err
		}
	}
	var out []*torch.Tensor
	err = n.device.TF32(func() (err error) {
		out, err = n.find(&sc, a, final, top+n.spare)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err = n.text.Call("settle", a.h, n.head.Weight, n.bias(), n.lengths, top, a.atTensor, a.idTensor, out)
	for _, x := range out {
		torch.Keep(&sc, x)
	}
	if err != nil {
		return nil, err
	}
	r, err := a.reading(out[:8], top, words)
	if err != nil {
		return nil, err
	}
	return r, n.readLost(r, out[8], states, final, targets)
}

// readLost reads the positions [P] that are marked in float64.
func (n *near) readLost(r *reading, marks *torch.Tensor, states []*torch.Tensor, final int, targets []int64) error {
	lost, err := torch.Values[int64](marks)
	if err != nil {
		return err
	}
	var at, ids []int64
	for p, yes := range lost {
		if yes != 0 {
			at = append(at, int64(p))
			ids = append(ids, targets[p*r.count:(p+1)*r.count]...)
		}
	}
	if len(at) == 0 {
		return nil
	}
	var sc torch.Scope
	defer sc.Close()
	index, err := n.upload(&sc, at, int64(len(at)))
	if err != nil {
		return err
	}
	var some []*torch.Tensor
	for _, h := range states {
		x, err := n.gather(h, index)
		if torch.Keep(&sc, x); err != nil {
			return err
		}
		some = append(some, x)
	}
	b, err := n.wide.read(some, final, r.top, ids, r.count)
	if err == nil {
		r.replace(at, b)
	}
	return err
}
