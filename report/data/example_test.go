package data_test

import (
	"log"
	"os"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
)

func ExampleBundle_Write() {
	b, err := data.Lens(result())
	if err != nil {
		log.Fatal(err)
	}
	if err := b.Write(os.Stdout, data.CSV, data.Options{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// name,row,point,label,position,token_id,token,kind,rank,ties,id,piece,logit,prob,logprob,entropy,logsumexp,kl,agree
	// ,0,drop,emb,0,0,Are,top,1,,2," the",1.5,0.1,,2.5,,,
	// ,0,drop,emb,1,1," cats",top,1,,1," cats",2.0,0.25,,2.0,,,
	// ,1,ln_f,L0,0,0,Are,top,1,,1," cats",3.25,0.5,,1.5,,,
	// ,1,ln_f,L0,1,1," cats",top,1,,3," good",5.0,0.875,,0.5,,,
}

// result is what the lens of a very small model says of "Are cats".
func result() *lens.Result {
	piece := func(id int64, text string) lens.Token { return lens.Token{ID: id, Bytes: []byte(text)} }
	return &lens.Result{
		Prompt: "Are cats", Tokens: []lens.Token{piece(0, "Are"), piece(1, " cats")}, Positions: []int{0, 1},
		Rows: []lens.Row{{Index: 0, Point: "drop", Label: "emb"}, {Index: 1, Point: "ln_f", Label: "L0"}},
		K:    1, TopIDs: []int64{2, 1, 1, 3}, TopLogits: []float32{1.5, 2, 3.25, 5}, TopProbs: []float32{0.1, 0.25, 0.5, 0.875},
		Entropy: []float32{2.5, 2, 1.5, 0.5},
		Pieces:  map[int64]lens.Token{1: piece(1, " cats"), 2: piece(2, " the"), 3: piece(3, " good")},
	}
}
