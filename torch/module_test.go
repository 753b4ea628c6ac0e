package torch

import "testing"

func TestSmoke(t *testing.T) {
	u, err := NewUnit()
	if err != nil {
		t.Fatal(err)
	}
	w, _ := New([]float32{1, 2, 3, 4}, 2, 2)
	lin, err := u.Define("Linear", "def forward(self, x: Tensor) -> Tensor:\n    return torch.linear(x, self.weight)\n", Slot{"weight", w})
	if err != nil {
		t.Fatal(err)
	}
	top, err := u.Define("Top", "def forward(self, x: Tensor) -> Tensor:\n    return self.a.forward(x) + 1.0\n", Slot{"a", lin})
	if err != nil {
		t.Fatal(err)
	}
	if err := top.Interpose(); err != nil {
		t.Fatal(err)
	}
	x, _ := New([]float32{1, 1}, 1, 2)
	o, err := top.CallWith("forward", []Step{{At: lin, Capture: true}, {At: lin, Func: func(x *Tensor) (*Tensor, error) {
		v, err := Values[float32](x)
		t.Log("hook saw", v)
		if err != nil {
			return nil, err
		}
		return New([]float32{10, 20}, 1, 2)
	}}}, x)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := Values[float32](o.Results[0])
	t.Log(v, o.Hits)
	_, err = top.Call("forward", 3)
	t.Log(err)
}
