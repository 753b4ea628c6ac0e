package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/golens/golens/lens"
)

// FuzzNPZ writes results of any shape, any bits and any text. What is written is
// a zip without fault whose arrays another library reads back bit for bit; what
// does not fit its shape is refused.
func FuzzNPZ(f *testing.F) {
	f.Add("a", "a prompt", "gpt2", uint8(2), uint8(3), uint8(2), uint8(1), uint8(4), []byte{0, 0, 0xc0, 0x7f, 1, 2, 3, 4})
	f.Add("", "\xff\x00\u202e", "\x00", uint8(0), uint8(0), uint8(0), uint8(0), uint8(0), []byte{})
	f.Add("0/ids", "", "../x", uint8(1), uint8(1), uint8(1), uint8(0), uint8(0), []byte{255})
	f.Fuzz(func(t *testing.T, name, prompt, model string, rows, tokens, kept, words, odd uint8, data []byte) {
		r := fuzzed(name, prompt, model, int(rows%5), int(tokens%9), int(kept%6), int(words%4), data)
		if odd%8 == 1 && len(r.Entropy) > 0 {
			r.Entropy = r.Entropy[1:] // no longer [R,P]
			if _, err := Lens(r); err == nil {
				t.Fatal("an array that does not fit its shape was written")
			}
			return
		}
		b := npzBytes(t, r)
		members, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, m := range members.File {
			if seen[m.Name] || !strings.HasSuffix(m.Name, ".npy") {
				t.Errorf("member %q", m.Name)
			}
			seen[m.Name] = true
			in, err := m.Open()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, in); err != nil { // the checksum too
				t.Errorf("%s: %v", m.Name, err)
			}
		}
		in, err := npz.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := lensArrays(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range want {
			if h := in.Header(a.Name + ".npy"); h == nil || !slices.Equal(h.Descr.Shape, a.Dims) || h.Descr.Fortran {
				t.Fatalf("%s: header %v, want shape %v", a.Name, h, a.Dims)
			}
			if length(a.Values) == 0 {
				continue // the reading library refuses to make an empty slice
			}
			switch data := a.Values.(type) {
			case []int64:
				sameArray(t, in, a.Name, data)
			case []float32:
				sameArray(t, in, a.Name, data)
			case []bool:
				sameArray(t, in, a.Name, data)
			}
		}
	})
}

// fuzzed returns a result of the given sizes whose numbers are made of data.
func fuzzed(name, prompt, model string, R, T, K, N int, data []byte) *lens.Result {
	at := 0
	bits := func() uint64 {
		var b [8]byte
		for i := range b {
			if len(data) > 0 {
				b[i] = data[at%len(data)]
			}
			at++
		}
		at += 3 // so that few bytes give many numbers
		return binary.LittleEndian.Uint64(b[:])
	}
	ints := func(n int) []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = int64(bits())
		}
		return v
	}
	floats := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = math.Float32frombits(uint32(bits()))
		}
		return v
	}
	r := &lens.Result{Name: name, Prompt: prompt, K: K, Width: N, Vocab: T, Manifest: lens.Manifest{Model: model}}
	for i := range T {
		r.Tokens = append(r.Tokens, lens.Token{ID: int64(bits())})
		r.Positions = append(r.Positions, i)
	}
	for i := range R {
		r.Rows = append(r.Rows, lens.Row{Index: i})
	}
	r.TopIDs, r.TopLogits, r.TopProbs = ints(R*T*K), floats(R*T*K), floats(R*T*K)
	r.Entropy, r.LogSumExp, r.KL = floats(R*T), floats(R*T), floats(R*T)
	r.Agree = make([]bool, R*T)
	for i := range r.Agree {
		r.Agree[i] = bits()&1 == 1
	}
	if N > 0 {
		n := R * T * N
		r.Targets = &lens.Targets{IDs: ints(N), Positions: r.Positions, N: N, LogProb: floats(n), Prob: floats(n), Rank: ints(n), Ties: ints(n)}
		r.Hidden = floats(R * T * N)
	}
	return r
}
