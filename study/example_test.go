package study_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/study"
)

// A study prints what its notebook prints, and keeps the arrays and the figures.
func ExampleStudy_Run() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s, err := study.Find("target-rank")
	if err != nil {
		log.Fatal(err)
	}
	o, err := s.Run(context.Background(), m, study.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.SplitN(o.Text, "\n", 2)[0])
	fmt.Println(len(o.Prompts), "prompts,", len(o.Figures), "figures")
	for _, a := range o.Arrays[:3] {
		fmt.Println(a.Name, a.Dims)
	}
	// Output:
	// Paris is capital of
	// 3 prompts, 2 figures
	// ids [7]
	// top_ids [3 13 3]
	// target_ids [1]
}
