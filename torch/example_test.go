package torch_test

import (
	"fmt"
	"log"

	"github.com/golens/golens/torch"
)

// Arithmetic is TorchScript text, which gives the bits that it gives in Python.
func ExampleProgram() {
	norm := torch.NewProgram("Norm", `
def norm(self, h: Tensor, eps: float) -> Tensor:
    return h * torch.rsqrt((h * h).mean(-1, keepdim=True) + eps)
`)
	h, err := torch.New([]float32{3, 4, 0, 0}, 1, 2, 2) // [B,T,C]
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	x, err := torch.One(norm.Call("norm", h, 1e-5))
	if err != nil {
		log.Fatal(err)
	}
	defer x.Close()
	v, err := torch.Values[float32](x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %.3f\n", x.Shape(), v)
	// Output: [1 2 2] [0.849 1.131 0.000 0.000]
}

// A failure of libtorch is an error that says in a line what happened.
func ExampleError() {
	add := torch.NewProgram("Add", "def add(self, a: Tensor, b: Tensor) -> Tensor:\n    return a + b\n")
	var s torch.Scope
	defer s.Close()
	var t []*torch.Tensor
	for _, n := range []int64{2, 3} {
		x, err := torch.New(make([]float32, n), n)
		if err != nil {
			log.Fatal(err)
		}
		t = append(t, torch.Keep(&s, x))
	}
	_, err := add.Call("add", t[0], t[1])
	fmt.Println(err)
	// Output: torch: run add: The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0
}
