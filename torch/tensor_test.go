package torch_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/torch"
)

type celsius float32 // a type of its own, which has float32 for its kind

func roundTrip[T torch.Element](t *testing.T, d torch.DType, name string, data []T) {
	t.Run(name, func(t *testing.T) {
		b := work(t)
		x := keep(b, must(torch.New(data, 2, int64(len(data)/2)))(t))
		if x.DType() != d || x.DType().String() != name {
			t.Errorf("the type is %v, want %s", x.DType(), name)
		}
		equal(t, "shape", x.Shape(), 2, int64(len(data)/2))
		if got := values[T](t, x); !slices.EqualFunc(got, data, same[T]) {
			t.Errorf("got %v, want %v", got, data)
		}
		if got, want := int64(len(must(torch.Bytes(x))(t))), int64(len(data))*d.Size(); got != want {
			t.Errorf("%d bytes, want %d", got, want)
		}
	})
}

// same is equality that takes one NaN for another.
func same[T torch.Element](a, b T) bool { return a == b || (a != a && b != b) }

func TestElementTypes(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	roundTrip(t, torch.Float32, "float32", []float32{1.5, -0, float32(inf), float32(nan), math.SmallestNonzeroFloat32, math.MaxFloat32})
	roundTrip(t, torch.Float64, "float64", []float64{1.5, -2, inf, nan, math.SmallestNonzeroFloat64, math.MaxFloat64})
	roundTrip(t, torch.Int64, "int64", []int64{0, -1, math.MinInt64, math.MaxInt64})
	roundTrip(t, torch.Int32, "int32", []int32{0, -1, math.MinInt32, math.MaxInt32})
	roundTrip(t, torch.UInt8, "uint8", []uint8{0, 1, 128, 255})
	roundTrip(t, torch.Bool, "bool", []bool{true, false, false, true})
	roundTrip(t, torch.Float32, "float32", []celsius{20, -273.15})
}

func TestNewRefuses(t *testing.T) {
	work(t)
	const large = 1 << 32
	for name, c := range map[string]struct {
		n     int
		shape []int64
		says  string
	}{
		"too few":       {5, []int64{2, 3}, "new float32 tensor of shape [2 3]: it needs 6 values, not 5"},
		"too many":      {2, nil, "it needs 1 values, not 2"},
		"none":          {0, nil, "it needs 1 values, not 0"},
		"negative":      {1, []int64{-1, -1}, "a size is negative"},
		"overflow to 0": {0, []int64{large, large}, "larger than any memory"},
		"overflow to 4": {1, []int64{large, large, large + 1, large}, "larger than any memory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := torch.New(make([]float32, c.n), c.shape...)
			failed(t, err, c.says)
		})
	}
}

func TestFromBytes(t *testing.T) {
	b := work(t)
	half := []byte{0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x00, 0x7c} // 1, -2, 65504, +Inf
	brain := []byte{0x80, 0x3f, 0x00, 0xc0, 0x7f, 0x7f, 0x80, 0x7f}
	largest := math.Float32frombits(0x7f7f0000)
	for _, c := range []struct {
		d    torch.DType
		data []byte
		want []float32
	}{
		{torch.Float16, half, []float32{1, -2, 65504, float32(math.Inf(1))}},
		{torch.BFloat16, brain, []float32{1, -2, largest, float32(math.Inf(1))}},
	} {
		// From an odd address as well, where no processor wants its 16-bit numbers.
		odd := append([]byte{0xee}, c.data...)[1:]
		for _, data := range [][]byte{c.data, odd} {
			x := keep(b, must(torch.FromBytes(data, c.d, 2, 2))(t))
			if x.DType() != c.d {
				t.Errorf("the type is %v, want %v", x.DType(), c.d)
			}
			equal(t, "bytes", must(torch.Bytes(x))(t), c.data...)
			wide := keep(b, must(x.To(torch.Float32, torch.CPU))(t))
			equal(t, c.d.String(), values[float32](t, wide), c.want...)
			back := keep(b, must(wide.To(c.d, torch.CPU))(t))
			equal(t, "bytes after two conversions", must(torch.Bytes(back))(t), c.data...)
			_, err := torch.Values[float32](x)
			failed(t, err, "it holds "+c.d.String()+", not float32")
		}
	}
	_, err := torch.FromBytes(half[:3], torch.Float16, 1)
	failed(t, err, "3 bytes are no whole number of elements of float16")
	_, err = torch.FromBytes(half, torch.Float16, 3)
	failed(t, err, "it needs 3 values, not 4")
	_, err = torch.FromBytes(half, torch.DType(99), 8)
	failed(t, err, "dtype(99)")

	// Bytes of a file may say true in their own way; in Go it has but one.
	flags := keep(b, must(torch.FromBytes([]byte{0, 1, 2, 255}, torch.Bool, 4))(t))
	for i, v := range values[bool](t, flags) {
		if want := i > 0; v != want {
			t.Errorf("flag %d is %v, want %v", i, v, want)
		}
	}
}

func TestNewCopies(t *testing.T) {
	b := work(t)
	data := []float32{1, 2}
	x := b.tensor(data, 2)
	data[0] = 9
	got := values[float32](t, x)
	got[1] = 9
	equal(t, "values", values[float32](t, x), 1, 2)
}

func TestValuesWrongType(t *testing.T) {
	b := work(t)
	x := b.tensor([]float32{1}, 1)
	got, err := torch.Values[int64](x)
	failed(t, err, "read tensor: it holds float32, not int64")
	if got != nil {
		t.Errorf("values came with the error: %v", got)
	}
}

func TestViews(t *testing.T) {
	b := work(t)
	x := b.tensor([]float32{0, 1, 2, 3, 4, 5}, 2, 3)
	columns := keep(b, must(x.Narrow(1, 1, 2))(t))
	row := keep(b, must(x.Select(0, 1))(t))
	last := keep(b, must(x.Select(-1, -1))(t))
	clone := keep(b, must(x.Clone())(t))
	equal(t, "narrowed shape", columns.Shape(), 2, 2)
	equal(t, "narrowed", values[float32](t, columns), 1, 2, 4, 5)
	equal(t, "selected shape", row.Shape(), 3)
	equal(t, "selected", values[float32](t, row), 3, 4, 5)
	equal(t, "selected from the end", values[float32](t, last), 2, 5)

	// What is written to one shows in all that share its memory.
	m := b.module("def write(self, x: Tensor):\n    x.add_(10)\n")
	if out := must(m.Call("write", row))(t); len(out) != 0 {
		t.Errorf("a method without a result returned %d tensors", len(out))
	}
	equal(t, "tensor", values[float32](t, x), 0, 1, 2, 13, 14, 15)
	equal(t, "view", values[float32](t, columns), 1, 2, 14, 15)
	equal(t, "copy", values[float32](t, clone), 0, 1, 2, 3, 4, 5)

	for name, c := range map[string]struct {
		y    *torch.Tensor
		want bool
	}{"itself": {x, true}, "a view": {columns, true}, "a copy": {clone, false}} {
		if got := x.SharesStorage(c.y); got != c.want {
			t.Errorf("shares its memory with %s: %v", name, got)
		}
	}

	// A view outlives the tensor that it was taken from.
	x.Close()
	equal(t, "view after Close", values[float32](t, columns), 1, 2, 14, 15)
}

func TestTo(t *testing.T) {
	b := work(t)
	x := b.tensor([]float32{1.75, -1.75, 300}, 3)
	asIs := keep(b, must(x.To(torch.Float32, torch.CPU))(t))
	if !asIs.SharesStorage(x) {
		t.Error("a tensor that is as asked for was copied")
	}
	whole := keep(b, must(x.To(torch.Int64, torch.CPU))(t))
	equal(t, "to int64", values[int64](t, whole), 1, -1, 300)
	double := keep(b, must(x.To(torch.Float64, torch.CPU))(t))
	equal(t, "to float64", values[float64](t, double), 1.75, -1.75, 300)
	_, err := x.To(torch.DType(99), torch.CPU)
	failed(t, err, "no dtype has the number 99")
}

func TestViewErrors(t *testing.T) {
	b := work(t)
	x := b.tensor([]float32{0, 1, 2, 3, 4, 5}, 2, 3)
	for name, f := range map[string]func() (*torch.Tensor, error){
		"exceeds dimension size":     func() (*torch.Tensor, error) { return x.Narrow(1, 2, 2) },
		"non-negative":               func() (*torch.Tensor, error) { return x.Narrow(1, 0, -1) },
		"Dimension out of range":     func() (*torch.Tensor, error) { return x.Narrow(2, 0, 1) },
		"index 3 out of range":       func() (*torch.Tensor, error) { return x.Select(1, 3) },
		"select from tensor: Dimens": func() (*torch.Tensor, error) { return x.Select(7, 0) },
	} {
		y, err := f()
		failed(t, err, name)
		if y != nil {
			t.Errorf("%s: a tensor came with the error", name)
		}
	}
}

func TestNoElements(t *testing.T) {
	b := work(t)
	for _, shape := range [][]int64{{0}, {0, 3}, {3, 0, 2}} {
		x := keep(b, must(torch.New[float32](nil, shape...))(t))
		y := keep(b, must(torch.New([]float32{}, shape...))(t))
		equal(t, "shape", x.Shape(), shape...)
		equal(t, "values", values[float32](t, x))
		if x.Numel() != 0 {
			t.Errorf("shape %v has %d elements", shape, x.Numel())
		}
		if x.SharesStorage(y) {
			t.Error("tensors without memory share it")
		}
		equal(t, "values of a clone", values[float32](t, keep(b, must(x.Clone())(t))))
	}
	x := b.tensor([]float32{1, 2}, 2)
	none := keep(b, must(x.Narrow(0, 1, 0))(t))
	equal(t, "narrowed to nothing", none.Shape(), 0)
	scalar := keep(b, must(torch.New([]int64{42}))(t))
	if s := scalar.Shape(); len(s) != 0 || s == nil || scalar.Numel() != 1 {
		t.Errorf("a tensor without dimensions has the shape %v and %d elements", s, scalar.Numel())
	}
	equal(t, "scalar", values[int64](t, scalar), 42)
}

func TestClosedTensor(t *testing.T) {
	b := work(t)
	open := b.tensor([]float32{1}, 1)
	x := b.tensor([]float32{1}, 1)
	for range 2 {
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var none *torch.Tensor
	if err := none.Close(); err != nil {
		t.Errorf("closing no tensor: %v", err)
	}
	for _, x := range []*torch.Tensor{x, none} {
		if x.Shape() != nil || x.Numel() != 0 || x.DType() != -1 || x.Device() != torch.CPU || x.SharesStorage(open) || open.SharesStorage(x) {
			t.Error("a closed tensor has properties")
		}
		for name, f := range map[string]func() error{
			"Narrow": func() error { _, err := x.Narrow(0, 0, 1); return err },
			"Select": func() error { _, err := x.Select(0, 0); return err },
			"Clone":  func() error { _, err := x.Clone(); return err },
			"To":     func() error { _, err := x.To(torch.Int64, torch.CPU); return err },
			"Values": func() error { _, err := torch.Values[float32](x); return err },
			"Bytes":  func() error { _, err := torch.Bytes(x); return err },
		} {
			if err := f(); !errors.Is(err, torch.ErrClosed) {
				t.Errorf("%s of a closed tensor: %v", name, err)
			}
		}
	}
}

func TestBytesOrder(t *testing.T) {
	b := work(t)
	x := b.tensor([]float32{1, 2, 3, 4}, 2, 2)
	column := keep(b, must(x.Select(1, 1))(t)) // not contiguous
	want := binary.LittleEndian.AppendUint32(nil, math.Float32bits(2))
	want = binary.LittleEndian.AppendUint32(want, math.Float32bits(4))
	equal(t, "bytes", must(torch.Bytes(column))(t), want...)
}
