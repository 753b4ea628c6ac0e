package hooks_test

import (
	"fmt"
	"log"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// blocks builds a model of two blocks, x + 1 and x * 10, with a hook point each.
func blocks(s *torch.Scope) *hooks.Points {
	u, err := torch.NewUnit()
	if err != nil {
		log.Fatal(err)
	}
	define := func(role, source string, slots ...torch.Slot) *torch.Module {
		m, err := u.Define(role, source, slots...)
		if err != nil {
			log.Fatal(err)
		}
		return torch.Keep(s, m)
	}
	plus := define("Plus", "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n")
	times := define("Times", "def forward(self, x: Tensor) -> Tensor:\n    return x * 10\n")
	model := define("Model", `
def forward(self, x: Tensor) -> Tensor:
    return self.times.forward(self.plus.forward(x))
`, torch.Slot{Name: "plus", Value: plus}, torch.Slot{Name: "times", Value: times})
	if err := model.Interpose(); err != nil {
		log.Fatal(err)
	}
	p := hooks.NewPoints(model)
	p.Add("h.0", plus)
	p.Add("h.1", times)
	return p
}

// run runs the model on 1, 2 and 3 and returns the result and what was captured.
func run(s *torch.Scope, p *hooks.Points, r *hooks.Registry) *hooks.Run {
	x, err := torch.New([]float32{1, 2, 3}, 3)
	if err != nil {
		log.Fatal(err)
	}
	torch.Keep(s, x)
	out, err := p.Call("forward", r, x)
	if err != nil {
		log.Fatal(err)
	}
	return torch.Keep(s, out)
}

func show(what string, x *torch.Tensor) {
	v, err := torch.Values[float32](x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(what, v)
}

// Captures are copies of what modules return, or of what they get.
func ExampleRegistry_Capture() {
	var s torch.Scope
	defer s.Close()
	p := blocks(&s)

	var r hooks.Registry
	r.Capture("h.0")
	r.Capture("h.1:in")
	out := run(&s, p, &r)
	show("h.0 returned", out.Captured("h.0"))
	show("h.1 got", out.Captured("h.1:in"))
	show("result", out.Results[0])
	// Output:
	// h.0 returned [2 3 4]
	// h.1 got [2 3 4]
	// result [20 30 40]
}

// An action acts until its handle takes it back.
func ExampleScale() {
	var s torch.Scope
	defer s.Close()
	p := blocks(&s)

	var r hooks.Registry
	half := r.Add("h.0", hooks.Scale(0.5))
	show("with half of h.0", run(&s, p, &r).Results[0])
	half.Remove()
	show("without", run(&s, p, &r).Results[0])
	// Output:
	// with half of h.0 [10 15 20]
	// without [20 30 40]
}

// A function of Go may read the tensor and put another in its place.
func ExampleFunc() {
	var s torch.Scope
	defer s.Close()
	p := blocks(&s)

	var r hooks.Registry
	r.Add("h.0", hooks.Func("at most 3", func(x *torch.Tensor) (*torch.Tensor, error) {
		v, err := torch.Values[float32](x)
		if err != nil {
			return nil, err
		}
		for i := range v {
			v[i] = min(v[i], 3)
		}
		return torch.New(v, x.Shape()...)
	}))
	fmt.Println(r.Actions())
	show("result", run(&s, p, &r).Results[0])
	// Output:
	// [h.0 at most 3]
	// result [20 30 30]
}

// An unknown point is an error that names the nearest.
func ExamplePoints_Canonical() {
	var s torch.Scope
	defer s.Close()
	p := blocks(&s)

	name, err := p.Canonical("transformer.h.1:in")
	fmt.Println(name, err)
	_, err = p.Canonical("h.2")
	fmt.Println(err)
	// Output:
	// h.1:in <nil>
	// there is no hook point "h.2" in this model; the nearest are h.0, h.1
}

// Part of a tensor: an action at some positions leaves all others as they are.
func ExampleAction_At() {
	var s torch.Scope
	defer s.Close()
	x, err := torch.New([]float32{1, 2, 3, 4}, 1, 4, 1) // [B,T,C]
	if err != nil {
		log.Fatal(err)
	}
	torch.Keep(&s, x)
	p, err := hooks.ParsePositions("0,-1")
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range []hooks.Action{hooks.Scale(10).At(p), hooks.Mean().At(hooks.Last), hooks.Zero().At(hooks.At(1, 2))} {
		y, err := a.Apply(x)
		if err != nil {
			log.Fatal(err)
		}
		show(a.String()+":", torch.Keep(&s, y))
	}
	// Output:
	// scale 10 at 0,-1: [10 2 3 40]
	// mean at last: [1 2 3 2.5]
	// zero at 1,2: [1 0 0 4]
}

// Activation patching: one position of another run takes the place of one here.
func ExamplePatch() {
	var s torch.Scope
	defer s.Close()
	p := blocks(&s)
	var r hooks.Registry
	r.Capture("h.0")
	other := run(&s, p, &r)
	at := func(v ...float32) *torch.Tensor {
		x, err := torch.New(v, 1, int64(len(v)), 1)
		if err != nil {
			log.Fatal(err)
		}
		return torch.Keep(&s, x)
	}
	source, err := torch.Values[float32](other.Captured("h.0"))
	if err != nil {
		log.Fatal(err)
	}
	var patch hooks.Registry
	patch.Add("h.0", hooks.Patch("the other run", at(source...), hooks.At(2), hooks.At(0)))
	out, err := p.Call("forward", &patch, at(7, 8))
	if err != nil {
		log.Fatal(err)
	}
	torch.Keep(&s, out)
	fmt.Println(patch.Actions())
	show("result", out.Results[0])
	// Output:
	// [h.0 patch the other run from 2 at 0]
	// result [40 90]
}
