package token_test

import (
	"fmt"
	"log"

	"github.com/golens/golens/model/token"
)

func Example() {
	tokenizer, err := token.GPT2()
	if err != nil {
		log.Fatal(err)
	}
	ids := tokenizer.Encode("The way you do anything is the way you do everything")
	fmt.Println(ids)
	text, err := tokenizer.Decode(ids[4:6])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", text)
	// Output:
	// [464 835 345 466 1997 318 262 835 345 466 2279]
	// " anything is"
}

func ExampleTokenizer_EncodeSpecial() {
	tokenizer, err := token.GPT2()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tokenizer.Encode("<|endoftext|>Hi"))
	fmt.Println(tokenizer.EncodeSpecial("<|endoftext|>Hi"))
	// Output:
	// [27 91 437 1659 5239 91 29 17250]
	// [50256 17250]
}

func ExampleTokenizer_Describe() {
	tokenizer, err := token.GPT2()
	if err != nil {
		log.Fatal(err)
	}
	entries, err := tokenizer.Describe(tokenizer.Encode("the é\n"))
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Printf("%5d at %d: %-4s % x\n", e.ID, e.Start, e.Display, e.Bytes)
	}
	// Output:
	//  1169 at 0: the  74 68 65
	// 38251 at 3: ĠÃ©  20 c3 a9
	//   198 at 6: Ċ    0a
}
