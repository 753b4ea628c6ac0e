package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The readout of 13 states of GPT-2's small shape, in float32 and in split bfloat16, on
// one thread: `go test ./torch/kernel -run - -bench BenchmarkX3`.
func BenchmarkX3(b *testing.B) {
	const V, K, R = 50257, 768, 13
	r := rand.New(rand.NewPCG(1, 1))
	w := normal(r, V*K, 0.14)
	for _, T := range []int{1, 14, 64} {
		p := newProblem(V, K, R, T, 1, 10, w, nil, normal(r, R*T*K, 3.3))
		for _, s := range append([]Set{Best()}, X3()...) {
			b.Run(fmt.Sprintf("%s/T=%d", s.Name(), T), func(b *testing.B) {
				var out *Reading
				for b.Loop() {
					var err error
					if out, err = s.Read(p.query, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(out.Recomputed)/float64(R*T), "words/row")
				b.ReportMetric(float64(out.Reread)/float64(R*T), "reread")
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*R*T), "µs/row")
			})
		}
	}
}
