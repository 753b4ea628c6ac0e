package lens

import (
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A matrix library computes a product in another order, and so to other last bits,
// for few rows than for many. This file knows which product of a model has which
// shape, and finds out where on this machine the orders change.

// A Product is a matrix product of a model: rows [M,In] by weights to [M,Out].
type Product struct {
	Name    string
	In, Out int
	// Classes are the numbers of rows M that were tried, those together for which a
	// row has the same bits whatever the M.
	Classes [][]int
}

// String returns the product and its classes: "head 768 to 50257: {1} {2..15} {16..64}".
func (p Product) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %d to %d:", p.Name, p.In, p.Out)
	for _, c := range p.Classes {
		s.WriteString(" {" + ranges(c) + "}")
	}
	return s.String()
}

// triedRows are the numbers of rows that Products tries; a class goes from one to
// the next as far as was seen.
var triedRows = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 24, 32, 48, 64}

//go:embed shapes.py
var shapesText string

var shapes = torch.NewProgram("Shapes", shapesText)

// Products tries the products of a forward and of a lens on random rows: the head
// with the model's weights, those of a block with random ones of GPT-2's shapes.
func Products(m *model.Model) ([]Product, error) {
	C, V := m.Sizes.Width, m.Sizes.Vocab
	var out []Product
	err := m.Hold(context.Background(), func(s model.Session) error {
		head, err := product("head", C, V, m.DType, shapes, func(x *torch.Tensor) (*torch.Tensor, error) { return s.Head(x) })
		if err != nil {
			return err
		}
		out = append(out, head)
		for _, p := range []Product{{Name: "attention in", In: C, Out: 3 * C}, {Name: "attention out", In: C, Out: C},
			{Name: "MLP up", In: C, Out: 4 * C}, {Name: "MLP down", In: 4 * C, Out: C}} {
			var sc torch.Scope
			w, err := random(&sc, m.DType, int64(p.In), int64(p.Out))
			if err != nil {
				return err
			}
			b, err := random(&sc, m.DType, int64(p.Out))
			if err == nil {
				p, err = product(p.Name, p.In, p.Out, m.DType, shapes, func(x *torch.Tensor) (*torch.Tensor, error) { return torch.One(shapes.Call("addmm", x, w, b)) })
			}
			sc.Close()
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// product sorts triedRows into classes.
func product(name string, in, out int, d torch.DType, shapes *torch.Program, f func(*torch.Tensor) (*torch.Tensor, error)) (Product, error) {
	p := Product{Name: name, In: in, Out: out}
	var sc torch.Scope
	defer sc.Close()
	xs, err := samples(&sc, d, triedRows[len(triedRows)-1], in, out)
	if err != nil {
		return p, err
	}
	var largest [][]*torch.Tensor // of each class, the results with the most rows
	for _, M := range triedRows {
		var ys []*torch.Tensor
		for _, x := range xs {
			rows, err := x.Narrow(0, 0, int64(M))
			if err != nil {
				return p, err
			}
			y, err := f(rows)
			rows.Close()
			if err != nil {
				return p, err
			}
			ys = append(ys, torch.Keep(&sc, y))
		}
		class := len(largest)
		for c, zs := range largest {
			if same, err := alike(shapes, ys, zs); err != nil {
				return p, err
			} else if same {
				class = c
				break
			}
		}
		if class == len(largest) {
			largest, p.Classes = append(largest, nil), append(p.Classes, nil)
		}
		for _, z := range largest[class] {
			z.Close()
		}
		largest[class], p.Classes[class] = ys, append(p.Classes[class], M)
	}
	return p, nil
}

// samples returns random rows [M,in], as many times as a lone row's product with so many
// outputs needs for 512 numbers: fewer may be equal by chance.
func samples(sc *torch.Scope, d torch.DType, M, in, out int) ([]*torch.Tensor, error) {
	n := (512 + out - 1) / out
	x, err := random(sc, d, int64(n*M), int64(in))
	if err != nil {
		return nil, err
	}
	var xs []*torch.Tensor
	for i := range n {
		part, err := x.Narrow(0, int64(i*M), int64(M))
		if err != nil {
			return nil, err
		}
		xs = append(xs, torch.Keep(sc, part))
	}
	return xs, nil
}

// alike reports whether results have the same bits, one by one, in the rows that both have.
func alike(shapes *torch.Program, ys, zs []*torch.Tensor) (bool, error) {
	for i, y := range ys {
		n, err := shapes.Call("differ", y, zs[i])
		if err != nil {
			return false, err
		}
		if differ, err := number(n); err != nil || differ != 0 {
			return false, err
		}
	}
	return true, nil
}

// PlacedRows returns the numbers of rows, of a few that are tried, for which the
// product with the head depends on where the weights lie in memory, modulo 16
// bytes. PyTorch has a mapped file's weights on any multiple of an element, and
// those of an archive on multiples of 64: where there is such a number, the two
// give other last bits for it.
func PlacedRows(m *model.Model) ([]int, error) {
	var out []int
	err := m.Hold(context.Background(), func(model.Session) error {
		var sc torch.Scope
		defer sc.Close()
		w, err := random(&sc, m.DType, int64(min(m.Sizes.Vocab, 8192)), int64(m.Sizes.Width))
		if err != nil {
			return err
		}
		for _, M := range []int{1, 2, 3, 16} {
			xs, err := samples(&sc, m.DType, M, m.Sizes.Width, int(w.Shape()[0]))
			if err != nil {
				return err
			}
			var first []*torch.Tensor
			for by := range int(16 / m.DType.Size()) {
				moved, err := torch.One(shapes.Call("moved", w, by))
				if err != nil {
					return err
				}
				torch.Keep(&sc, moved)
				var ys []*torch.Tensor
				for _, x := range xs {
					y, err := torch.One(shapes.Call("linear", x, moved))
					if err != nil {
						return err
					}
					ys = append(ys, torch.Keep(&sc, y))
				}
				if by == 0 {
					first = ys
				} else if same, err := alike(shapes, first, ys); err != nil {
					return err
				} else if !same {
					out = append(out, M)
					break
				}
			}
		}
		return nil
	})
	return out, err
}

// random returns numbers about 0 of a type, the same ones for the same shape.
func random(sc *torch.Scope, d torch.DType, shape ...int64) (*torch.Tensor, error) {
	n := int64(1)
	for _, s := range shape {
		n *= s
	}
	r := rand.New(rand.NewPCG(uint64(n), uint64(len(shape))))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	t, err := torch.New(v, shape...)
	if err != nil || d == torch.Float32 {
		return torch.Keep(sc, t), err
	}
	defer t.Close()
	t, err = t.To(d, t.Device())
	return torch.Keep(sc, t), err
}

// number reads and closes a single integer.
func number(out []*torch.Tensor) (int64, error) {
	defer out[0].Close()
	v, err := torch.Values[int64](out[0])
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// ranges writes rising members of triedRows, neighbours there as a range: "2..15, 24".
func ranges(rows []int) string {
	var parts []string
	for i := 0; i < len(rows); {
		j := i
		at := slices.Index(triedRows, rows[i])
		for j+1 < len(rows) && at+j+1-i < len(triedRows) && rows[j+1] == triedRows[at+j+1-i] {
			j++
		}
		switch {
		case j == i:
			parts = append(parts, fmt.Sprint(rows[i]))
		case j == i+1:
			parts = append(parts, fmt.Sprint(rows[i]), fmt.Sprint(rows[j]))
		default:
			parts = append(parts, fmt.Sprintf("%d..%d", rows[i], rows[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
