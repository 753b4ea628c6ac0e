package torch_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/torch"
)

// numbers writes a file of n float32: 0, 1, 2, ...
func numbers(t testing.TB, n int) string {
	t.Helper()
	var data []byte
	for i := range n {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(i)))
	}
	path := filepath.Join(t.TempDir(), "numbers")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// mapped reports whether the process has the file mapped.
func mapped(t testing.TB, path string) bool {
	t.Helper()
	_, err := proc.Resident(path)
	if err != nil && !errors.Is(err, proc.ErrNotMapped) {
		t.Fatal(err)
	}
	return err == nil
}

func TestFileTensor(t *testing.T) {
	b := work(t)
	path := numbers(t, 12)
	f := keep(b, must(torch.Map(path))(t))
	x := keep(b, must(f.Tensor(8, torch.Float32, 2, 3))(t))
	equal(t, "shape", x.Shape(), 2, 3)
	equal(t, "values", values[float32](t, x), 2, 3, 4, 5, 6, 7)
	again := keep(b, must(f.Tensor(8, torch.Float32, 6))(t))
	if !x.SharesStorage(again) {
		t.Error("the same bytes were read twice")
	}
	end := keep(b, must(f.Tensor(44, torch.Float32))(t))
	equal(t, "the last", values[float32](t, end), 11)
	none := keep(b, must(f.Tensor(48, torch.Float32, 0, 5))(t))
	equal(t, "nothing at the end", none.Shape(), 0, 5)

	// Written memory is the process's own.
	m := b.module("def write(self, x: Tensor):\n    x.fill_(7)\n")
	must(m.Call("write", x))(t)
	equal(t, "values after writing", values[float32](t, again), 7, 7, 7, 7, 7, 7)
	if data := must(os.ReadFile(path))(t); math.Float32frombits(binary.LittleEndian.Uint32(data[8:])) != 2 {
		t.Error("writing to a tensor changed the file")
	}
}

func TestFileTensorAtOddOffset(t *testing.T) {
	b := work(t)
	path := filepath.Join(t.TempDir(), "odd")
	data := []byte{0xee}
	for _, v := range []float32{1.5, -2.5} {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	f := keep(b, must(torch.Map(path))(t))
	x := keep(b, must(f.Tensor(1, torch.Float32, 2))(t))
	equal(t, "values", values[float32](t, x), 1.5, -2.5)
	bytes := keep(b, must(f.Tensor(1, torch.UInt8, 8))(t))
	equal(t, "the same as bytes", values[uint8](t, bytes), data[1:]...)
}

func TestFileTensorRefuses(t *testing.T) {
	b := work(t)
	f := keep(b, must(torch.Map(numbers(t, 4)))(t)) // 16 bytes
	const huge = math.MaxInt64
	for name, c := range map[string]struct {
		offset int64
		d      torch.DType
		shape  []int64
		says   string
	}{
		"behind the end":    {4, torch.Float32, []int64{4}, "the file has 16 bytes, and 16 from 4 on lie outside it"},
		"far behind":        {huge, torch.Float32, []int64{1}, "lie outside it"},
		"before":            {-4, torch.Float32, []int64{1}, "lie outside it"},
		"long before":       {-huge - 1, torch.Float32, []int64{1}, "lie outside it"},
		"large":             {0, torch.Float32, []int64{huge / 4}, "lie outside it"},
		"negative":          {0, torch.Float32, []int64{-1}, "a size is negative"},
		"negative twice":    {0, torch.Float32, []int64{-2, -2}, "a size is negative"},
		"a product of 0":    {0, torch.Float32, []int64{1 << 31, 1 << 31}, "larger than any memory"},
		"a product of 4":    {0, torch.Float32, []int64{1<<63 - 1, 1<<63 - 1}, "larger than any memory"},
		"an unknown type":   {0, torch.DType(99), []int64{1}, "dtype(99)"},
		"an unwelcome type": {0, torch.DType(12), []int64{1}, "the type of the elements"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Tensor(c.offset, c.d, c.shape...)
			failed(t, err, c.says)
		})
	}
}

func TestMapRefuses(t *testing.T) {
	work(t)
	dir := t.TempDir()
	empty, pipe := filepath.Join(dir, "empty"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		empty:                         "the file is empty",
		dir:                           "it is no regular file",
		pipe:                          "it is no regular file",
		filepath.Join(dir, "missing"): "No such file or directory",
	} {
		_, err := torch.Map(path)
		failed(t, err, "map "+path, says)
	}
}

func TestFileOutlivedByTensors(t *testing.T) {
	b := work(t)
	path := numbers(t, 4)
	f := must(torch.Map(path))(t)
	x := must(f.Tensor(0, torch.Float32, 4))(t)
	tail := must(x.Narrow(0, 2, 2))(t)
	m := b.module("def forward(self):\n    return self.weight + 1\n", torch.Slot{Name: "weight", Value: x})
	f.Close()
	f.Close()
	x.Close()
	equal(t, "a view", values[float32](t, tail), 2, 3)
	tail.Close()
	equal(t, "a module's weight", b.one(m, "forward"), 1, 2, 3, 4)
	if _, err := f.Tensor(0, torch.Float32, 1); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("reading a closed file: %v", err)
	}
	f.Forget(0, 16) // must not reach the memory any more
	if !mapped(t, path) {
		t.Error("the file went while a module used it")
	}
	m.Close()
	b.Close()
	for range 20 { // the module's unit has no Close
		if runtime.GC(); !mapped(t, path) {
			return
		}
	}
	t.Error("the file is still mapped, and nothing uses it")
}

func TestForget(t *testing.T) {
	b := work(t)
	page := int64(os.Getpagesize())
	n := int(4*page/4) - 1 // the last page is not whole
	f := keep(b, must(torch.Map(numbers(t, n)))(t))
	x := keep(b, must(f.Tensor(0, torch.Float32, int64(n)))(t))
	beside := keep(b, must(torch.New(make([]float32, 1<<20), 1<<20))(t))
	want := values[float32](t, x)
	m := b.module("def write(self, x: Tensor):\n    x.fill_(7)\n")
	for _, r := range [][2]int64{
		{0, int64(n) * 4}, {1, 2 * page}, {page - 1, 2}, {page, page}, {0, 0}, {5, -5},
		// Ranges outside the file are other people's memory.
		{-page, 3 * page}, {-1 << 40, 1 << 41}, {0, math.MaxInt64}, {math.MaxInt64, math.MaxInt64}, {math.MinInt64, math.MaxInt64}, {8 * page, 1 << 40},
	} {
		must(m.Call("write", beside))(t)
		f.Forget(r[0], r[1])
		equal(t, "values read again", values[float32](t, x), want...)
		for i, v := range values[float32](t, beside) {
			if v != 7 {
				t.Fatalf("forgetting %d bytes at %d took element %d of another tensor", r[1], r[0], i)
			}
		}
	}
}

// TestForgetWritten: a page that was written to stays with what was written, and the pages
// around it go.
func TestForgetWritten(t *testing.T) {
	b := work(t)
	page := int64(os.Getpagesize())
	per := page / 4
	const pages = 64
	path := numbers(t, pages*int(per))
	f := keep(b, must(torch.Map(path))(t))
	x := keep(b, must(f.Tensor(0, torch.Float32, pages*per))(t))
	want := values[float32](t, x)
	m := b.module("def write(self, x: Tensor):\n    x.fill_(7)\n")
	written := []int64{0, 5, 6, pages - 1}
	for _, i := range written {
		must(m.Call("write", keep(b, must(x.Narrow(0, i*per+3, 2))(t))))(t)
		want[i*per+3], want[i*per+4] = 7, 7
	}
	f.Forget(0, pages*page)
	if r := must(proc.Resident(path))(t); r != int64(len(written))*page {
		t.Errorf("%d bytes stayed in memory, of %d pages that were written to", r, len(written))
	}
	equal(t, "values", values[float32](t, x), want...)
}

// TestFileChanged: a file that was cut short or written to is an error, as long as no
// operation reads it.
func TestFileChanged(t *testing.T) {
	b := work(t)
	page := os.Getpagesize()
	for name, c := range map[string]struct {
		change func(path string) error
		says   string
	}{
		"cut short": {func(path string) error { return os.Truncate(path, int64(page)) }, "was cut short while it was in use: it had"},
		"emptied":   {func(path string) error { return os.Truncate(path, 0) }, "was cut short while it was in use: it had"},
		"written to": {func(path string) error {
			later := time.Now().Add(3 * time.Second) // whatever the granularity of times is
			return errors.Join(os.WriteFile(path, make([]byte, 4*page), 0o644), os.Chtimes(path, later, later))
		}, "was written to while it was in use"},
	} {
		path := numbers(t, page)
		f := keep(b, must(torch.Map(path))(t))
		if err := f.Check(); err != nil {
			t.Errorf("%s: before that: %v", name, err)
		}
		if err := c.change(path); err != nil {
			t.Fatal(err)
		}
		failed(t, f.Check(), "read "+path, c.says, "replace files instead of writing over them")
		for _, offset := range []int64{int64(3 * page), int64(3*page) + 1, 0} { // in place, a copy, and what is there still
			_, err := f.Tensor(offset, torch.Float32, 4)
			failed(t, err, c.says)
		}
		f.Preload(0, int64(4*page))
		f.Forget(0, int64(4*page))
	}
	// Another file in its place is no change of it.
	path := numbers(t, 4)
	f := keep(b, must(torch.Map(path))(t))
	if err := os.Rename(numbers(t, 1), path); err != nil {
		t.Fatal(err)
	}
	equal(t, "values of a replaced file", values[float32](t, keep(b, must(f.Tensor(0, torch.Float32, 4))(t))), 0, 1, 2, 3)
	f.Close()
	if err := f.Check(); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("checking a closed file: %v", err)
	}
}

// TestPreloadEnds: the thread that brings pages has ended when Close returns.
func TestPreloadEnds(t *testing.T) {
	if !proc.Populates() {
		t.Skip("the system is older than Linux 5.14, and brings no pages in advance")
	}
	work(t)
	path := numbers(t, 64<<20/4)
	for range 10 {
		f := must(torch.Map(path))(t)
		before := systemThreads(t)
		f.Preload(0, 64<<20)
		if n := systemThreads(t); n < before {
			t.Fatalf("%d threads before, %d with one more", before, n)
		}
		f.Close()
		if n := systemThreads(t); n > before {
			t.Fatalf("%d threads before, %d after", before, n)
		}
	}
}

// TestPreload: the pages of a file come without being read by anybody, its tensors are as
// in the file, and may outlive it.
func TestPreload(t *testing.T) {
	if !proc.Populates() {
		untested.Here(t, "the system is older than Linux 5.14, and brings no pages in advance")
	}
	b := work(t)
	const n = 16 << 20 / 4
	path := numbers(t, n)
	f := keep(b, must(torch.Map(path))(t))
	x := keep(b, must(f.Tensor(0, torch.Float32, n))(t))
	if r := must(proc.Resident(path))(t); r != 0 {
		t.Fatalf("%d bytes are in memory before anybody asked", r)
	}
	f.Preload(1, 1<<20)
	f.Preload(1<<20, 4*n-1<<20)
	f.Preload(-1, 5)
	f.Preload(4*n, 1)
	f.Preload(0, math.MaxInt64)
	end := time.Now().Add(10 * time.Second)
	for must(proc.Resident(path))(t) < 4*n {
		if time.Now().After(end) {
			t.Fatalf("%d of %d bytes came", must(proc.Resident(path))(t), 4*n)
		}
		time.Sleep(time.Millisecond)
	}
	f.Preload(0, 4*n)
	f.Close()
	if v := values[float32](t, x); v[0] != 0 || v[n-1] != n-1 {
		t.Errorf("the file begins with %v and ends with %v", v[0], v[n-1])
	}
	f.Preload(0, 4) // of a closed one, too
}

// TestPreloadForgotten: what is forgotten while pages come does not come after that, and all
// else does.
func TestPreloadForgotten(t *testing.T) {
	if !proc.Populates() {
		untested.Here(t, "the system is older than Linux 5.14, and brings no pages in advance")
	}
	b := work(t)
	const n = 96 << 20 / 4
	path := numbers(t, n)
	f := keep(b, must(torch.Map(path))(t))
	const part = 20 << 20 // whole large pages, of which the system takes away none in part
	for round := range int64(10) {
		f.Forget(0, 4*n)
		f.Preload(0, 4*n)
		f.Forget(0, part) // where it begins
		f.Forget((40+2*round)<<20, part)
		f.Forget((44+2*round)<<20, 2<<20) // which is forgotten already
		const stays = 4*n - 2*part
		end := time.Now().Add(10 * time.Second)
		for must(proc.Resident(path))(t) < stays {
			if time.Now().After(end) {
				t.Fatalf("%d of %d bytes came", must(proc.Resident(path))(t), int64(stays))
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		if r := must(proc.Resident(path))(t); r != stays {
			t.Fatalf("%d bytes are in memory, of %d that were not forgotten", r, int64(stays))
		}
	}
}

// FuzzFileTensor: whatever an index says, the bytes are those of the file or there is an error.
func FuzzFileTensor(f *testing.F) {
	data := make([]byte, 4099)
	for i := range data {
		data[i] = byte(i * 7)
	}
	path := filepath.Join(f.TempDir(), "bytes")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		f.Fatal(err)
	}
	m := must(torch.Map(path))(f)
	f.Cleanup(func() { m.Close() })
	f.Add(int64(0), int64(2), int64(3), uint8(torch.Float32))
	f.Add(int64(3), int64(1024), int64(1), uint8(torch.Float32))
	f.Add(int64(4096), int64(1), int64(1), uint8(torch.Int32))
	f.Add(int64(-1), int64(math.MaxInt64), int64(math.MinInt64), uint8(torch.Bool))
	f.Add(int64(math.MaxInt64), int64(1), int64(0), uint8(99))
	f.Add(int64(1), int64(1<<62), int64(4), uint8(torch.UInt8))
	f.Fuzz(func(t *testing.T, offset, a, b int64, d uint8) {
		dtype := torch.DType(d)
		x, err := m.Tensor(offset, dtype, a, b)
		if err != nil {
			failed(t, err, "read ")
			return
		}
		defer x.Close()
		equal(t, "shape", x.Shape(), a, b)
		n := x.Numel() * dtype.Size()
		equal(t, "bytes", must(torch.Bytes(x))(t), data[offset:offset+n]...)
		m.Forget(offset, a)
		m.Forget(a, b)
	})
}
