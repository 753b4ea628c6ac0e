package main

import (
	"fmt"
	"testing"

	"github.com/golens/golens/hooks"
)

// TestChosen: layers and positions are read in one way, which is that of interventions.
func TestChosen(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string // "" for an error
	}{
		{"all", 10, "[]"}, {"0", 10, "[0]"}, {"0,3", 10, "[0 3]"}, {" 1 , 2 ", 10, "[1 2]"}, {"2..5", 10, "[2 3 4 5]"}, {"8..", 10, "[8 9]"},
		{"..2", 10, "[0 1 2]"}, {"..", 3, "[0 1 2]"}, {"-1", 10, "[9]"}, {"last", 10, "[9]"}, {"-3..-1", 10, "[7 8 9]"}, {"-2..", 10, "[8 9]"},
		{"3..3", 10, "[3]"}, {"8..-1", 10, "[8 9]"}, {"3,1,3", 10, "[3 1]"},
		{"", 10, ""}, {",", 10, ""}, {"1,", 10, ""}, {"x", 10, ""}, {"1.5", 10, ""}, {"5..2", 10, ""}, {"-1..2", 10, ""}, {"1..2..3", 10, ""},
		{"0..2000000", 10, ""}, {"10..", 10, ""}, {"10", 10, ""}, {"-11", 10, ""}, {"99999999999999999999", 10, ""}, {"last,1", 10, ""},
	} {
		got, err := chosen(c.text, c.n, "row")
		if (err != nil) != (c.want == "") || err == nil && fmt.Sprint(got) != c.want {
			t.Errorf("chosen(%q, %d) = %v, %v; want %s", c.text, c.n, got, err, c.want)
		}
		p, err := hooks.ParsePositions(c.text)
		var same []int
		if err == nil && !p.All() {
			same, err = p.Resolve(c.n)
		}
		if (err != nil) != (c.want == "") || err == nil && fmt.Sprint(same) != c.want {
			t.Errorf("ParsePositions(%q).Resolve(%d) = %v, %v; want %s", c.text, c.n, same, err, c.want)
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
