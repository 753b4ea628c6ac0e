package lens

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/golens/golens/internal/checkpoint"
)

// keepEvery is the time between two states of a text that are kept.
const keepEvery = 4 * time.Second

// textState is all that a reading of a text has after some window. Ranks are sparse: pairs
// of how many zeros are skipped and the count behind them.
type textState struct {
	Seen     [32]byte // of the tokens that were read
	Tokens   int64
	Windows  int64
	Targets  int64
	Bytes    int64
	Vocab    int
	PerPlace []int64
	Rows     []Row
	Sums     []float64 // [R,4] loss, entropy, kl, reciprocal
	Counts   []int64   // [R,3] agree, tied, bad
	LossAt   []float64 // [R,T]
	Stats    []string  // names of the S statistics
	StatSums []float64 // [R,S]
	Ranks    []uint64
	Warnings []string
	Manifest Manifest
}

func statNames(stats []Stat) []string {
	names := []string{}
	for _, s := range stats {
		names = append(names, s.Name)
	}
	return names
}

// seen adds tokens to the digest of those before.
func seen(before [32]byte, ids []int64) [32]byte {
	b := before[:]
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint64(b, uint64(id))
	}
	return sha256.Sum256(b)
}

// keep hands the state over, where it is time.
func (r *textReader) keep() error {
	if r.Keep == nil || time.Since(r.kept) < keepEvery {
		return nil
	}
	s := &r.sums
	state := textState{Seen: r.seen, Tokens: s.tokens, Windows: s.windows, Targets: s.targets, Bytes: r.bytes, Vocab: s.vocab, PerPlace: s.perPlace,
		Rows: s.rows, Warnings: r.warnings, Manifest: r.manifest}
	for _, c := range s.cells {
		state.Sums = append(state.Sums, c.loss, c.entropy, c.kl, c.reciprocal)
		state.Counts = append(state.Counts, c.agree, c.tied, c.bad)
		state.LossAt, state.StatSums = append(state.LossAt, c.lossAt...), append(state.StatSums, c.stats...)
	}
	state.Stats = statNames(s.stats)
	zeros := uint64(0)
	for _, n := range s.ranks {
		if n == 0 {
			zeros++
			continue
		}
		state.Ranks = append(state.Ranks, zeros, uint64(n))
		zeros = 0
	}
	b, err := checkpoint.Encode(state)
	if err == nil {
		err = r.Keep(b)
	}
	r.kept = time.Now()
	return err
}

// goOn takes a state over that was kept, and passes over the tokens that it has. The
// tokens must be those that were read then.
func (r *textReader) goOn(kept []byte) error {
	var s textState
	if err := checkpoint.Decode(kept, &s); err != nil {
		return err
	}
	R, T, S := len(s.Rows), len(s.PerPlace), len(r.Lens.Stats)
	if T != r.Chunk || s.Vocab != r.m.Sizes.Vocab || len(s.Sums) != 4*R || len(s.Counts) != 3*R || len(s.LossAt) != R*T ||
		!slices.Equal(s.Stats, statNames(r.Lens.Stats)) || len(s.StatSums) != R*S {
		return errors.New("what was kept of the text is of another reading")
	}
	r.sums = textSums{rows: s.Rows, tokens: s.Tokens, windows: s.Windows, targets: s.Targets, vocab: s.Vocab, perPlace: s.PerPlace,
		ranks: make([]uint32, R*s.Vocab), cells: make([]rowSums, R), stats: r.Lens.Stats}
	for n := range r.sums.cells {
		v, c := s.Sums[4*n:], s.Counts[3*n:]
		r.sums.cells[n] = rowSums{loss: v[0], entropy: v[1], kl: v[2], reciprocal: v[3], agree: c[0], tied: c[1], bad: c[2], lossAt: s.LossAt[n*T : (n+1)*T : (n+1)*T],
			stats: s.StatSums[n*S : (n+1)*S : (n+1)*S]}
	}
	at := uint64(0)
	for i := 0; i+1 < len(s.Ranks); i += 2 {
		if at += s.Ranks[i]; at >= uint64(len(r.sums.ranks)) {
			return errors.New("what was kept of the text is of another reading")
		}
		r.sums.ranks[at] = uint32(s.Ranks[i+1])
		at++
	}
	r.bytes, r.warnings, r.manifest = s.Bytes, s.Warnings, s.Manifest
	r.before = s.Tokens
	return r.pass(s)
}

// errOtherText is the error of a text whose beginning is another than was read before.
var errOtherText = errors.New("the text begins with other tokens than the one whose reading was kept: give the same text, or begin anew")

// pass passes over the tokens that were read, window by window.
func (r *textReader) pass(s textState) error {
	ids := make([]int64, r.Chunk)
	for left := s.Tokens; left > 0; {
		n := int(min(left, int64(r.Chunk)))
		for got, idle := 0, 0; got < n; {
			k, err := r.source.ReadIDs(ids[got:n])
			got += k
			switch {
			case err != nil && !errors.Is(err, io.EOF):
				return err
			case err != nil && got < n:
				return errOtherText
			case k == 0 && idle > 100:
				return io.ErrNoProgress
			}
			if idle++; k > 0 {
				idle = 0
			}
		}
		r.seen = seen(r.seen, ids[:n])
		left -= int64(n)
	}
	if r.seen != s.Seen {
		return errOtherText
	}
	return nil
}
