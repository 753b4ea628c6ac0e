package lens

import (
	"fmt"
	"math"
	"math/bits"
)

var (
	// RankLimits are the ranks up to which a Text counts targets.
	RankLimits = []int{1, 5, 10, 100, 1000}
	// RankPercents are the shares of the targets that a Text has quantiles of ranks for.
	RankPercents = []int{10, 25, 50, 75, 90}
)

// A Text is what each row says of a text, read in windows: means over its N tokens, or
// over its targets, which are the N-1 tokens but the first. R is the number of rows.
// Nats and shares are float64 sums of the float32 numbers of a Result, divided by how
// many they are. A mean of anything that is no number is none (NaN).
type Text struct {
	Name string // what the text is called, for the caller to set
	Rows []Row  // R rows, rising

	Chunk   int     // T tokens of the text in a window; the last may have less
	Prefix  []int64 // tokens in front of each window
	Whole   bool    // the text was read to its end
	Tokens  int64   // N tokens read, those of the prefix not counted
	Windows int64
	Targets int64 // tokens that were targets
	Bytes   int64 // of the targets' pieces, 0 where no tokenizer knows them

	CrossEntropy []float64 // [R] mean of -log p of the target, nats
	Entropy      []float64 // [R] mean, nats
	KL           []float64 // [R] mean of KL(final || row), nats
	Agree        []float64 // [R] share of the tokens at which the row's likeliest token is the model's own

	Stats []TextStat // those of Options.Stats

	// Ranks are 1 + the number of tokens with a larger logit.
	ReciprocalRank []float64 // [R] mean of 1/rank
	Within         []float64 // [R,len(RankLimits)] share of the targets with no larger rank
	Quantiles      []int64   // [R,len(RankPercents)] the least rank that so many targets do not exceed
	// RankCounts counts targets by rank: bin b has those from 2^b to 2^(b+1)-1.
	RankCounts []int64 // [R,B]
	Bins       int     // B
	Tied       []int64 // [R] targets with whose logit another token's is equal
	Bad        []int64 // [R] cells with a NaN logit: they agree with nothing, and a target whose logit it is has the last rank

	// By place in the window: what a token costs by how many were before it.
	PlaceCrossEntropy []float64 // [R,T] nats; NaN where no target was
	PlaceTargets      []int64   // [T] targets at each position

	Warnings []string
	Manifest Manifest
}

// A TextStat is the mean of a statistic over a text's tokens, or over its targets.
type TextStat struct {
	Stat
	Mean []float64 // [R]
}

// BitsPerByte returns the cross-entropy of row n in bits for each byte of the text, NaN
// where the bytes are not known. Unlike nats a token it compares across tokenizers.
func (t *Text) BitsPerByte(n int) float64 {
	if t.Bytes == 0 {
		return math.NaN()
	}
	return t.CrossEntropy[n] * float64(t.Targets) / float64(t.Bytes) / math.Ln2
}

// result returns the means of what was read so far.
func (r *textReader) result(whole bool) *Text {
	s := &r.sums
	T, V := len(s.perPlace), s.vocab
	t := &Text{Rows: s.rows, Chunk: r.Chunk, Prefix: r.Prefix, Whole: whole, Tokens: s.tokens, Windows: s.windows,
		Targets: s.targets, Bytes: max(0, r.bytes), PlaceTargets: s.perPlace, Bins: bits.Len(uint(V)),
		Warnings: r.warnings, Manifest: r.manifest}
	tokens, targets := float64(s.tokens), float64(s.targets)
	for i, stat := range s.stats {
		mean := TextStat{Stat: stat}
		count := tokens
		if stat.OfTargets {
			count = targets
		}
		for _, c := range s.cells {
			mean.Mean = append(mean.Mean, c.stats[i]/count)
		}
		t.Stats = append(t.Stats, mean)
	}
	for n, c := range s.cells {
		t.CrossEntropy = append(t.CrossEntropy, c.loss/targets)
		t.Entropy = append(t.Entropy, c.entropy/tokens)
		t.KL = append(t.KL, c.kl/tokens)
		t.Agree = append(t.Agree, float64(c.agree)/tokens)
		t.ReciprocalRank = append(t.ReciprocalRank, c.reciprocal/targets)
		t.Tied = append(t.Tied, c.tied)
		t.Bad = append(t.Bad, c.bad)
		t.addRanks(s.ranks[n*V:(n+1)*V], s.targets)
		for p := range T {
			t.PlaceCrossEntropy = append(t.PlaceCrossEntropy, c.lossAt[p]/float64(s.perPlace[p])) // 0/0 is NaN
		}
	}
	t.Warnings = append(t.Warnings, s.odd.Warnings(V, r.manifest.Interventions)...)
	if r.bytes < 0 && r.tok != nil {
		t.Warnings = append(t.Warnings, fmt.Sprintf("bits for each byte are not known: the tokenizer does not know every one of the %d targets", s.targets))
	}
	return t
}

// addRanks appends what the counts [V] of a row's ranks say.
func (t *Text) addRanks(counts []uint32, targets int64) {
	bins := make([]int64, t.Bins)
	within := make([]int64, len(RankLimits))
	quantiles := make([]int64, len(RankPercents))
	seen := int64(0)
	for i, c := range counts {
		if c == 0 {
			continue
		}
		rank := i + 1
		seen += int64(c)
		bins[bits.Len(uint(rank))-1] += int64(c)
		for l, limit := range RankLimits {
			if rank <= limit {
				within[l] += int64(c)
			}
		}
		for q, percent := range RankPercents {
			if quantiles[q] == 0 && 100*seen >= int64(percent)*targets {
				quantiles[q] = int64(rank)
			}
		}
	}
	t.RankCounts = append(t.RankCounts, bins...)
	t.Quantiles = append(t.Quantiles, quantiles...)
	for _, n := range within {
		t.Within = append(t.Within, float64(n)/float64(targets))
	}
}
