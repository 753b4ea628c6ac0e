package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/golens/golens/lens"
)

// logitLensKit is a file in version 2 of the layout of that project's viewer.
type logitLensKit struct {
	Meta    logitLensKitMeta         `json:"meta"`
	Layers  []int                    `json:"layers"`  // indices of blocks
	Input   []string                 `json:"input"`   // tokens
	Tracked []map[string][]kitNumber `json:"tracked"` // [position] token: probability by layer
	TopK    [][][]string             `json:"topk"`    // [layer][position] tokens
}

type logitLensKitMeta struct {
	Version   int    `json:"version"`
	Timestamp string `json:"timestamp"`
	Model     string `json:"model,omitempty"`
	// The layout is meant for the normed lens of the residual stream; these say which
	// it is. A viewer passes over them.
	Lens string `json:"lens,omitempty"`
	At   string `json:"at,omitempty"`
}

// A kitNumber is written with five decimals at most.
type kitNumber float32

// MarshalJSON implements json.Marshaler.
func (n kitNumber) MarshalJSON() ([]byte, error) {
	if !IsFinite(float32(n)) {
		return nil, errors.New("a probability is not a number, and the layout has nothing for that")
	}
	rounded := math.Round(float64(n)*1e5) / 1e5
	return strconv.AppendFloat(nil, rounded, 'f', -1, 64), nil
}

// LogitLensKit writes r to w as one JSON object in the layout of logitlenskit,
// version 2, made at the given time. That layout has the rows behind blocks only,
// all positions, and every candidate's probability in all rows: r must have tracks
// of all its candidates. It knows tokens by their text alone: where two tokens at a
// position have one text, the likelier one's probabilities stand for both, and the
// note returned says so; else it is empty.
func LogitLensKit(w io.Writer, r *lens.Result, made time.Time) (note string, err error) {
	if err := Check(r); err != nil {
		return "", err
	}
	if r.Tracks == nil || r.Tracks.Top != r.K {
		return "", fmt.Errorf("report: the logitlenskit layout follows every candidate through all layers, and %s does not", Describe(r))
	}
	if len(r.Positions) != len(r.Tokens) {
		return "", fmt.Errorf("report: the logitlenskit layout has every position, and %s has %d of %d", Describe(r), len(r.Positions), len(r.Tokens))
	}
	k := logitLensKit{Meta: logitLensKitMeta{2, made.Format(time.RFC3339), Valid(r.Manifest.Model), r.Manifest.Lens, r.Manifest.At}}
	var rows []int // those behind blocks, in r
	for i, row := range r.Rows {
		if row.Index > 0 {
			rows = append(rows, i)
			k.Layers = append(k.Layers, row.Index-1)
		}
	}
	if rows == nil {
		return "", fmt.Errorf("report: the logitlenskit layout has rows behind blocks, and %s has none", Describe(r))
	}
	for _, t := range r.Tokens {
		k.Input = append(k.Input, kitText(t))
	}
	var at []int // where tokens share a text
	var example string
	for p := range r.Positions {
		tracked, shared := kitTracks(r, rows, p)
		k.Tracked = append(k.Tracked, tracked)
		if shared != nil {
			at, example = append(at, p), shared[0]
		}
	}
	if at != nil {
		note = fmt.Sprintf("several tokens have one text, such as %q at position %d (and at %d positions in all), and the logitlenskit layout knows tokens by their text: the likeliest one's probabilities are written", example, at[len(at)-1], len(at))
	}
	for _, i := range rows {
		layer := make([][]string, len(r.Positions))
		for p := range layer {
			at := (i*len(r.Positions) + p) * r.K
			for _, id := range r.TopIDs[at : at+r.K] {
				layer[p] = append(layer[p], kitText(pieceOf(r, id)))
			}
		}
		k.TopK = append(k.TopK, layer)
	}
	if err := json.NewEncoder(w).Encode(k); err != nil {
		return "", fmt.Errorf("report: write JSON for logitlenskit: %w", err)
	}
	return note, nil
}

// kitTracks returns the probabilities of the tokens that are candidates at column
// p in any of the rows, and the texts, sorted, that several of them share.
func kitTracks(r *lens.Result, rows []int, p int) (tracked map[string][]kitNumber, shared []string) {
	t, P := r.Tracks, len(r.Positions)
	candidates := map[int64]bool{}
	for _, i := range rows {
		at := (i*P + p) * r.K
		for _, id := range r.TopIDs[at : at+r.K] {
			candidates[id] = true
		}
	}
	tracked = map[string][]kitNumber{}
	for n, id := range t.IDs[p*t.N : (p+1)*t.N] {
		if !candidates[id] {
			continue // one of the embedding's, or nothing
		}
		var probs []kitNumber
		for _, i := range rows {
			probs = append(probs, kitNumber(t.Prob[(i*P+p)*t.N+n]))
		}
		text := kitText(pieceOf(r, id))
		if other, ok := tracked[text]; ok {
			shared = append(shared, text)
			if slices.Max(other) >= slices.Max(probs) {
				continue
			}
		}
		tracked[text] = probs
	}
	slices.Sort(shared)
	return tracked, slices.Compact(shared)
}

func pieceOf(r *lens.Result, id int64) lens.Token {
	t := r.Pieces[id]
	t.ID = id
	return t
}

// kitText returns a token decoded by itself, or its id where its bytes are not known.
func kitText(t lens.Token) string {
	if t.Bytes == nil {
		return "#" + strconv.FormatInt(t.ID, 10)
	}
	return Valid(string(t.Bytes))
}
