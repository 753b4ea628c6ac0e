package colormap_test

import (
	"fmt"
	"log"

	"github.com/golens/golens/figure/colormap"
)

// The colours of a map, as matplotlib has them.
func ExampleAt() {
	for _, t := range []float64{0, 0.5, 1} {
		c, err := colormap.At("plasma", t)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t, c)
	}
	// Output:
	// 0 {12 7 134 255}
	// 0.5 {203 71 119 255}
	// 1 {239 248 33 255}
}
