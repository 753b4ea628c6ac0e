package kernel

// #include "kernel.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// ErrMemory is the error of a call for which there is no memory.
var ErrMemory = errors.New("kernel: there is no memory for the rows of this product")

// A Matrix is a weight matrix of N outputs and K inputs: element (i,j) is
// W[i*StrideN + j*StrideK]. Packed, where it is set, is the same in panels (see Pack),
// and then W may be nil, but for the order Lanes. Memory of C may be meant as well as Go's.
type Matrix struct {
	W, Packed        *float32
	N, K             int64
	StrideN, StrideK int64
}

func (m Matrix) c(p *runtime.Pinner) C.golens_matrix {
	return C.golens_matrix{w: pin(p, m.W), packed: pin(p, m.Packed), n: C.int64_t(m.N), k: C.int64_t(m.K), sn: C.int64_t(m.StrideN), sk: C.int64_t(m.StrideK)}
}

// A Parallel is a C function of the type golens_parallel; nil is one thread.
type Parallel unsafe.Pointer

func pin(p *runtime.Pinner, f *float32) *C.float {
	if f == nil {
		return nil
	}
	p.Pin(f)
	return (*C.float)(f)
}

func into[T float32 | float64 | int64](p *runtime.Pinner, s []T) unsafe.Pointer {
	if len(s) == 0 {
		return nil
	}
	p.Pin(&s[0])
	return unsafe.Pointer(&s[0])
}

// PackedSize is how many floats Pack writes.
func (m Matrix) PackedSize() int64 { return (m.N + PanelWidth - 1) / PanelWidth * PanelWidth * m.K }

// Pack writes the matrix in panels of 32 outputs, [ceil(N/32),K,32].
func (s Set) Pack(m Matrix, out []float32, par Parallel) error {
	if int64(len(out)) < m.PackedSize() {
		return fmt.Errorf("kernel: a packed matrix of %d has %d floats of room", m.PackedSize(), len(out))
	}
	var p runtime.Pinner
	defer p.Unpin()
	c := m.c(&p)
	return memory(C.golens_call_pack(s.table(), &c, (*C.float)(into(&p, out)), (*C.golens_parallel)(par)))
}

// memory is the error of a call that returned a number: 0 is none.
func memory(failed C.int) error {
	if failed != 0 {
		return ErrMemory
	}
	return nil
}

// Linear returns y [rows,N] = x W^T + bias, for x [rows,K] and bias [N] or nil. A row has
// the same bits whatever the number of rows.
func (s Set) Linear(x []float32, m Matrix, bias []float32, o Order, par Parallel) ([]float32, error) {
	if m.K == 0 || int64(len(x))%m.K != 0 || !o.Valid() {
		return nil, fmt.Errorf("kernel: %d numbers are no whole rows of %d inputs, or %v is no order", len(x), m.K, o)
	}
	rows := int64(len(x)) / m.K
	y := make([]float32, rows*m.N)
	if len(y) == 0 {
		return y, nil
	}
	var b *float32
	if bias != nil {
		b = &bias[0]
	}
	return y, s.LinearInto(&y[0], &x[0], rows, m, b, o, par)
}

// LinearInto writes the same for rows at x, side by side, to y.
func (s Set) LinearInto(y, x *float32, rows int64, m Matrix, bias *float32, o Order, par Parallel) error {
	var p runtime.Pinner
	defer p.Unpin()
	c := m.c(&p)
	return memory(C.golens_call_linear(s.table(), pin(&p, x), C.int64_t(rows), C.int64_t(m.K), &c, pin(&p, bias), C.golens_order(o), pin(&p, y), C.int64_t(m.N), (*C.golens_parallel)(par)))
}

// Dots returns y[i] = x[i] . W[ids[i]] + bias[ids[i]], for x [len(ids),K]: the bits of Linear.
func (s Set) Dots(x *float32, step int64, m Matrix, bias *float32, o Order, ids []int64, par Parallel) ([]float32, error) {
	if !o.Valid() {
		return nil, fmt.Errorf("kernel: %v is no order", o)
	}
	if err := checkIDs("word", ids, 0, m.N); err != nil {
		return nil, err
	}
	y := make([]float32, len(ids))
	var p runtime.Pinner
	defer p.Unpin()
	c := m.c(&p)
	return y, memory(C.golens_call_dots(s.table(), pin(&p, x), C.int64_t(len(ids)), C.int64_t(step), &c, pin(&p, bias), C.golens_order(o), (*C.int64_t)(into(&p, ids)), (*C.float)(into(&p, y)), (*C.golens_parallel)(par)))
}

// checkIDs returns an error unless all ids are from least to below V.
func checkIDs(what string, ids []int64, least, V int64) error {
	for _, id := range ids {
		if id < least || id >= V {
			return fmt.Errorf("kernel: the %s %d is not in the vocabulary of %d", what, id, V)
		}
	}
	return nil
}

// GELU returns gelu_new of each, in one pass: within 4e-7 max(1, |x|) of the formula.
func (s Set) GELU(x []float32) []float32 {
	y := make([]float32, len(x))
	var p runtime.Pinner
	defer p.Unpin()
	C.golens_call_gelu(s.table(), (*C.float)(into(&p, x)), (*C.float)(into(&p, y)), C.int64_t(len(x)))
	return y
}

// A Query says what a readout reads. States are R pointers to T rows of K floats,
// Step apart; Final is the model's own output among them.
type Query struct {
	Head   Matrix
	Bias   *float32 // [V] or nil
	Order  Order
	States []*float32
	Length int64 // T
	Step   int64 // floats between positions
	Final  int
	Top    int

	Targets []int64 // [T,N] ids, -1 for none
	Count   int     // N

	Tile, Block int64 // columns of a tile and rows of a block; 0 for what is best
}

// A Reading is what a readout tells of R states at T positions each. Floats are nats
// but for logits.
type Reading struct {
	TopIDs                 []int64   // [R,T,K] value descending, id ascending; NaN before all else
	TopLogits              []float32 // [R,T,K]
	LogSumExp, Entropy, KL []float64 // [R,T]; KL(final || row)
	TargetLogit            []float32 // [R,T,N], NaN where the target is -1
	TargetRank             []int64   // [R,T,N] 1 + the number of larger logits; 0 where the target is -1
	TargetTies             []int64   // [R,T,N] other words with an equal logit

	// What a set in split bfloat16 (X3) computed again in float32, in all cells together:
	// single words, and whole rows.
	Recomputed, Reread int64
}

// NewReading returns a Reading with room for R states, T positions, K candidates and N targets.
func NewReading(R, T, K, N int) *Reading {
	cells := R * T
	return &Reading{TopIDs: make([]int64, cells*K), TopLogits: make([]float32, cells*K),
		LogSumExp: make([]float64, cells), Entropy: make([]float64, cells), KL: make([]float64, cells),
		TargetLogit: make([]float32, cells*N), TargetRank: make([]int64, cells*N), TargetTies: make([]int64, cells*N)}
}

// Read projects the states on the vocabulary and returns what is asked for. Full logits
// never exist; memory beside the result is some megabytes a thread.
func (s Set) Read(q Query, par Parallel) (*Reading, error) {
	R, T, V := len(q.States), int(q.Length), q.Head.N
	switch {
	case R == 0 || T == 0 || q.Final < 0 || q.Final >= R:
		return nil, fmt.Errorf("kernel: the final one of %d states at %d positions is number %d", R, T, q.Final)
	case q.Top < 1 || int64(q.Top) > V:
		return nil, fmt.Errorf("kernel: %d candidates of %d words", q.Top, V)
	case len(q.Targets) != T*q.Count:
		return nil, fmt.Errorf("kernel: %d targets for %d positions of %d", len(q.Targets), T, q.Count)
	case !q.Order.Valid() || q.Order == Lanes:
		return nil, fmt.Errorf("kernel: the order %v is not one of chains", q.Order)
	}
	if err := checkIDs("target", q.Targets, -1, V); err != nil {
		return nil, err
	}
	out := NewReading(R, T, q.Top, q.Count)
	var p runtime.Pinner
	defer p.Unpin()
	states := make([]*C.float, R)
	for i, f := range q.States {
		states[i] = pin(&p, f)
	}
	p.Pin(&states[0])
	again := make([]int64, 2)
	c := C.golens_readout{head: q.Head.c(&p), bias: pin(&p, q.Bias), order: C.golens_order(q.Order), state: &states[0],
		rows: C.int64_t(R), length: C.int64_t(T), ld: C.int64_t(q.Step), final: C.int64_t(q.Final), top: C.int64_t(q.Top),
		targets: (*C.int64_t)(into(&p, q.Targets)), count: C.int64_t(q.Count), tile: C.int64_t(q.Tile), block: C.int64_t(q.Block),
		top_ids: (*C.int64_t)(into(&p, out.TopIDs)), top_logits: (*C.float)(into(&p, out.TopLogits)),
		lse: (*C.double)(into(&p, out.LogSumExp)), entropy: (*C.double)(into(&p, out.Entropy)), kl: (*C.double)(into(&p, out.KL)),
		target_logit: (*C.float)(into(&p, out.TargetLogit)), target_rank: (*C.int64_t)(into(&p, out.TargetRank)), target_ties: (*C.int64_t)(into(&p, out.TargetTies)),
		again: (*C.int64_t)(into(&p, again))}
	if err := memory(C.golens_call_readout(s.table(), &c, (*C.golens_parallel)(par))); err != nil {
		return nil, err
	}
	out.Recomputed, out.Reread = again[0], again[1]
	return out, nil
}
