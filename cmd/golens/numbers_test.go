package main

import (
	"fmt"
	"testing"
)

func TestParseNumbers(t *testing.T) {
	for _, c := range []struct {
		text string
		last int
		want string // "" for an error
	}{
		{"all", 9, "[]"}, {"0", 9, "[0]"}, {"0,3", 9, "[0 3]"}, {" 1 , 2 ", 9, "[1 2]"}, {"2..5", 9, "[2 3 4 5]"}, {"8..", 9, "[8 9]"},
		{"..2", 9, "[0 1 2]"}, {"..", 2, "[0 1 2]"}, {"-1", 9, "[-1]"}, {"-3..-1", 9, "[-3 -2 -1]"}, {"-2..", 9, "[-2 -1]"}, {"3..3", 9, "[3]"},
		{"", 9, ""}, {",", 9, ""}, {"1,", 9, ""}, {"x", 9, ""}, {"1.5", 9, ""}, {"5..2", 9, ""}, {"-1..2", 9, ""}, {"1..2..3", 9, ""},
		{"0..2000000", 9, ""}, {"10..", 9, ""}, {"99999999999999999999", 9, ""},
	} {
		got, err := parseNumbers(c.text, c.last)
		if (err != nil) != (c.want == "") || err == nil && fmt.Sprint(got) != c.want {
			t.Errorf("parseNumbers(%q, %d) = %v, %v; want %s", c.text, c.last, got, err, c.want)
		}
	}
}

func TestParseIDs(t *testing.T) {
	for text, want := range map[string]string{"": "[]", "1": "[1]", "1,2 3\n4\t5": "[1 2 3 4 5]", "[1, 2]": "[1 2]", "-7": "[-7]", " , ": "[]", "x": "", "1.0": "", "1;2": "", "0x10": ""} {
		got, err := parseIDs(text)
		if (err != nil) != (want == "") || err == nil && fmt.Sprint(got) != want {
			t.Errorf("parseIDs(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
}
