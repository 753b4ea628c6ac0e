package data

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

func TestLogitLensKit(t *testing.T) {
	r := madeup.Follow(madeup.Plain())
	r.Manifest.Lens = lens.Normed.Name()
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	var b bytes.Buffer
	note, err := LogitLensKit(&b, r, at)
	if err != nil || note != "" {
		t.Fatal(err, note)
	}
	var got struct {
		Meta struct {
			Version                    int
			Timestamp, Model, Lens, At string
		}
		Layers  []int
		Input   []string
		Tracked []map[string][]json.Number
		TopK    [][][]string
	}
	d := json.NewDecoder(bytes.NewReader(b.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if m := got.Meta; m.Version != 2 || m.Timestamp != "2026-02-03T04:05:06+01:00" || m.Model != "gpt2" || m.Lens != "normed" || m.At != "resid" {
		t.Errorf("meta %+v", m)
	}
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; !slices.Equal(got.Layers, want) {
		t.Errorf("layers %v, want %v: the embedding is none", got.Layers, want)
	}
	if strings.Join(got.Input, "|") != "The| way| you| do| anything| is| the| way| you| do| everything" {
		t.Errorf("input %q", got.Input)
	}
	P := len(r.Positions)
	for l, layer := range got.TopK {
		for p, tokens := range layer {
			for k, text := range tokens {
				n := ((l+1)*P+p)*r.K + k
				if want := string(r.Pieces[r.TopIDs[n]].Bytes); text != want {
					t.Fatalf("candidate %d of layer %d at %d is %q, want %q", k, l, p, text, want)
				}
				prob, err := got.Tracked[p][text][l].Float64()
				if err != nil || !(math.Abs(prob-float64(r.TopProbs[n])) <= 0.5e-5+1e-12) {
					t.Errorf("%q in layer %d at %d has the probability %v, want %v", text, l, p, prob, r.TopProbs[n])
				}
			}
		}
	}
	for p, tracked := range got.Tracked {
		for text, probs := range tracked {
			in := slices.ContainsFunc(got.TopK, func(layer [][]string) bool { return slices.Contains(layer[p], text) })
			if !in || len(probs) != len(got.Layers) {
				t.Errorf("at %d %q is followed through %d layers, a candidate in some: %v", p, text, len(probs), in)
			}
			for _, n := range probs {
				if _, decimals, _ := strings.Cut(n.String(), "."); len(decimals) > 5 || strings.Contains(decimals, "e") {
					t.Errorf("%s has more than five decimals", n)
				}
			}
		}
	}
}

// Two tokens of one text: the one that is likelier in some row stands for both.
func TestLogitLensKitSharedText(t *testing.T) {
	r := &lens.Result{K: 2, Tokens: []lens.Token{{ID: 9, Bytes: []byte("a")}}, Positions: []int{0},
		Rows: []lens.Row{{Index: 1}, {Index: 2}}, TopIDs: []int64{1, 2, 2, 1}, TopProbs: []float32{.5, .25, .75, .125}, TopLogits: make([]float32, 4),
		Entropy: make([]float32, 2), LogSumExp: make([]float32, 2), KL: make([]float32, 2), Agree: make([]bool, 2),
		Pieces: map[int64]lens.Token{1: {Bytes: []byte("\xff")}, 2: {Bytes: []byte("\xfe")}},
		Tracks: &lens.Tracks{Top: 2, N: 2, IDs: []int64{1, 2}, Prob: []float32{.5, .25, .125, .75}, LogProb: make([]float32, 4)}}
	var b bytes.Buffer
	note, err := LogitLensKit(&b, r, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(note, `such as "�" at position 0 (and at 1 positions in all)`) {
		t.Errorf("the note is %q", note)
	}
	if want := "\"tracked\":[{\"\ufffd\":[0.25,0.75]}]"; !strings.Contains(b.String(), want) {
		t.Errorf("%s lacks %s", b.String(), want)
	}
}

func TestLogitLensKitRefuses(t *testing.T) {
	for name, r := range map[string]*lens.Result{
		"follows every candidate": madeup.Plain(),
		"has 2 of 3":              madeup.Follow(madeup.Result{Prompt: []string{"a", "b"}, Rows: 2, K: 2, Vocab: slices.Clone(synthetic.PlainWords)}.Make()),
		"has none":                madeup.Follow(madeup.Result{Prompt: []string{"a", "b"}, Rows: 1, K: 2, Vocab: slices.Clone(synthetic.PlainWords)}.Make()),
		"not a number":            madeup.Follow(madeup.Hard()),
	} {
		if name == "has 2 of 3" {
			r.Tokens = append(r.Tokens, lens.Token{ID: 1, Bytes: []byte("c")})
		}
		if _, err := LogitLensKit(&bytes.Buffer{}, r, time.Time{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
