package token

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInside: the ids of a text inside a longer one are those that Hugging Face's library
// gives the longer one, behind those of its beginning.
func TestInside(t *testing.T) {
	texts := []string{"Rome", " Rome", ".", ")", "s", " the", "  two", "天", "\n", "<s>"}
	for _, kind := range kinds {
		dir := filepath.Join(trained(t), kind)
		tokenizer, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var longer []string
		for _, text := range append([]string{""}, texts...) {
			longer = append(longer, text)
			for _, context := range contexts {
				longer = append(longer, context+text)
			}
		}
		answers := askHuggingFace(t, jsonQuestion{Folder: dir, Texts: longer, IDs: [][]int64{{0}}})[0].IDs
		n := 1 + len(contexts)
		for i, text := range texts {
			got := tokenizer.Inside(text)
			var pieces strings.Builder
			for _, id := range got {
				b, err := tokenizer.Piece(id)
				if err != nil {
					t.Fatal(err)
				}
				pieces.Write(b)
			}
			found := slices.Equal(got, answers[(i+1)*n][0])
			for k := range contexts {
				front, all := answers[1+k][0], answers[(i+1)*n+1+k][0]
				found = found || slices.Equal(all, slices.Concat(front, got))
			}
			unknown := kind == "metaspace" && text == "天" // which its vocabulary lacks, and it has no bytes
			if !found || pieces.String() != text && !unknown {
				t.Errorf("%s: %q inside a text is %v, which spells %q", kind, text, got, pieces.String())
			}
		}
	}
}
