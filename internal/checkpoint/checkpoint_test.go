package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func key(model string) Key { return Key{{"the model", model}, {"--top", "5"}} }

// opened opens a journal and returns the records it had.
func opened(t *testing.T, path string, k Key) (*Journal, []string) {
	t.Helper()
	var got []string
	j, _, err := Open(path, k, func(b []byte) error { got = append(got, string(b)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return j, got
}

// Wherever the file ends, the whole records before that come back, and new ones go
// behind them.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	j, _ := opened(t, path, key("a"))
	var ends []int64
	for i := range 3 {
		if err := j.Append([]byte(strings.Repeat(fmt.Sprint(i), 5*i))); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.size)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		for _, tail := range []string{"", "\x01\x00\x00\x00\x00\x00\x00\x00abcdX"} {
			if err := os.WriteFile(path, append(whole[:n:n], tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			if n < len(magic) && tail != "" {
				continue // no torn write puts that there
			}
			j, got := opened(t, path, key("a"))
			want := 0
			for _, end := range ends {
				if int64(n) >= end {
					want++
				}
			}
			if len(got) != want {
				t.Fatalf("of %d bytes %d records came back, want %d", n, len(got), want)
			}
			if err := j.Append([]byte("next")); err != nil {
				t.Fatal(err)
			}
			j.Close()
			j, got = opened(t, path, key("a"))
			if len(got) != want+1 || got[want] != "next" {
				t.Fatalf("of %d bytes: %q behind %d records", n, got, want)
			}
			j.Close()
		}
	}
}

// A changed byte in a record drops it and those behind it.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	j, _ := opened(t, path, key("a"))
	for range 3 {
		if err := j.Append([]byte("record")); err != nil {
			t.Fatal(err)
		}
	}
	end := j.size
	j.Close()
	b, _ := os.ReadFile(path)
	b[end-10]++ // in the last one's checksum or text
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	j, got := opened(t, path, key("a"))
	defer j.Close()
	if len(got) != 2 {
		t.Errorf("%d records", len(got))
	}
}

func TestRefusals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	j, _ := opened(t, path, key("a"))
	if err := j.Append([]byte("record")); err != nil {
		t.Fatal(err)
	}
	none := func([]byte) error { return nil }
	if _, _, err := Open(path, key("a"), none); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second opening: %v", err)
	}
	if err := j.Replace([]byte("state")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path, key("a"), nil); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second opening behind a replacement: %v", err)
	}
	j.Close()
	var other *OtherError
	if _, _, err := Open(path, key("b"), none); !errors.As(err, &other) || fmt.Sprint(other.Names) != "[the model]" {
		t.Errorf("another key: %v", err)
	}
	if _, _, err := Open(path, append(key("a"), struct{ Name, Value string }{"--hidden", "true"}), none); !errors.As(err, &other) || fmt.Sprint(other.Names) != "[--hidden]" {
		t.Errorf("a longer key: %v", err)
	}
	if _, _, err := Open(path, key("a")[:1], none); !errors.As(err, &other) || fmt.Sprint(other.Names) != "[--top]" {
		t.Errorf("a shorter key: %v", err)
	}
	j, got := opened(t, path, key("a"))
	if fmt.Sprint(got) != "[state]" {
		t.Errorf("records %q", got)
	}
	j.Close()
	j, dropped, err := Open(path, key("b"), nil)
	if err != nil || !dropped {
		t.Errorf("begun anew: dropped %v, %v", dropped, err)
	}
	if err := j.Close(); err != nil { // it has no record
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("a file of somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, each := range []func([]byte) error{none, nil} {
		if _, _, err := Open(path, key("a"), each); err == nil || !strings.Contains(err.Error(), "no checkpoint") {
			t.Errorf("another file: %v", err)
		}
	}
	if got, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

type all struct {
	B    bool
	I    []int
	F    []float32
	G    []float64
	One  float32
	S    string
	T    []string
	M    map[int64]struct{ A []byte }
	P, Q *struct{ X uint32 }
	Y    [3]byte
	Nil  []float32
	None []float32
	L    []int64
	Z    []bool
}

// Every bit comes back, and what is nil or empty stays so.
func TestEncode(t *testing.T) {
	signalling := math.Float32frombits(0x7f800001)
	in := all{true, []int{-1, 1 << 40}, []float32{signalling, -0.5}, []float64{math.Copysign(0, -1), math.Inf(1)}, signalling, "é\xff",
		[]string{"", "a"}, map[int64]struct{ A []byte }{-3: {nil}, 4: {[]byte{}}}, &struct{ X uint32 }{7}, nil, [3]byte{1, 2, 3}, nil, []float32{}, []int64{-9}, []bool{true, false}}
	b, err := Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	var out all
	if err := Decode(b, &out); err != nil {
		t.Fatal(err)
	}
	if math.Float32bits(out.F[0]) != 0x7f800001 || math.Float32bits(out.One) != 0x7f800001 {
		t.Errorf("NaN became %x and %x", math.Float32bits(out.F[0]), math.Float32bits(out.One))
	}
	in.F[0], out.F[0], in.One, out.One = 0, 0, 0, 0
	if !reflect.DeepEqual(in, out) {
		t.Errorf("%+v\nbecame\n%+v", in, out)
	}
	for n := range b {
		if err := Decode(b[:n], &all{}); err == nil {
			t.Errorf("%d of %d bytes are taken for all", n, len(b))
		}
	}
	if _, err := Encode(struct{ x int }{1}); err == nil {
		t.Error("an unexported field is left out in silence")
	}
	if _, err := Encode(struct{ F func() }{}); err == nil {
		t.Error("a function is left out in silence")
	}
}

// BenchmarkAppend is what a run of a sweep costs more.
func BenchmarkAppend(b *testing.B) {
	j, _, err := Open(filepath.Join(b.TempDir(), "x"), key("a"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Remove()
	for b.Loop() {
		record, err := Encode(struct {
			Index  int
			Values [][]float32
		}{b.N, [][]float32{{1}, {2}}})
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Append(record); err != nil {
			b.Fatal(err)
		}
	}
}
