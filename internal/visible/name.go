package visible

import (
	"strings"
)

// Name is Text for names, whose spaces stay spaces.
func Name(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if w != "" {
			words[i] = Text([]byte(w))
		}
	}
	return strings.Join(words, " ")
}
