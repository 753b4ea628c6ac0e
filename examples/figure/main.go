// Command figure draws data of its own, as golens draws a lens. It links no libtorch code.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/golens/golens/figure"
)

func main() {
	h := &figure.Heat{Title: "Attention of one head", XLabel: "Key", YLabel: "Query", Map: "viridis", Bar: true, BarLabel: "Weight", Max: 1}
	words := []string{"The", "·man", "·shook", "·his"}
	h.Columns, h.Rows = words, words
	for query := range words {
		for key := range words {
			weight := 0.0
			if key <= query {
				weight = 1 / float64(query+1)
			}
			h.Values, h.Texts = append(h.Values, weight), append(h.Texts, fmt.Sprintf("%.2f", weight))
		}
	}
	if len(os.Args) != 2 {
		log.Fatal("usage: figure FILE.svg")
	}
	f, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := figure.Write(f, "svg", &figure.Figure{Width: 5, Height: 4, Panels: []figure.Panel{h}}, figure.Options{}); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
