package token

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// parse returns the vocabulary of a vocab.json and a merges.txt.
func parse(vocab, merges []byte) (*vocabulary, error) {
	names, ids, err := parseVocab(vocab)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", vocabFile, err)
	}
	list, err := parseMerges(merges, ids)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mergesFile, err)
	}
	return build(names, list)
}

// parseVocab returns the pieces of a vocab.json as it writes them, by id, and
// their ids. The ids must be those from 0 on without a gap.
func parseVocab(file []byte) (names []string, ids map[string]int32, err error) {
	ids = make(map[string]int32, len(file)/20)         // a piece, its id and what is between take about 20 bytes
	if err := json.Unmarshal(file, &ids); err != nil { // refuses names that come twice and bad UTF-8
		return nil, nil, fmt.Errorf("the file is not one JSON object of pieces and their ids: %w", err)
	}
	if n := len(ids); n == 0 || n > maxPieces {
		return nil, nil, fmt.Errorf("%d pieces; golens takes 256 to %d", n, maxPieces)
	}
	names = make([]string, len(ids))
	taken := make([]bool, len(ids))
	for name, id := range ids {
		if id < 0 || int(id) >= len(names) || taken[id] {
			return nil, nil, idError(ids)
		}
		names[id], taken[id] = name, true
	}
	return names, ids, nil
}

// idError returns what is wrong with ids that are not those from 0 on without
// a gap, for the smallest id that is.
func idError(ids map[string]int32) error {
	names := slices.SortedFunc(maps.Keys(ids), func(a, b string) int {
		return cmp.Or(cmp.Compare(ids[a], ids[b]), cmp.Compare(a, b))
	})
	for i, name := range names {
		switch id := int(ids[name]); {
		case id < 0:
			return fmt.Errorf("the id %d of piece %q is negative", id, name)
		case id < i:
			return fmt.Errorf("the pieces %q and %q have the same id %d", names[i-1], name, id)
		case id > i:
			return fmt.Errorf("no piece has the id %d; the %d pieces must have the ids 0 to %d", i, len(names), len(names)-1)
		}
	}
	return nil
}

// parseMerges returns the merges of a merges.txt, whose pieces have the given
// ids: after an optional first line "#version: ...", in each line the left and
// the right piece, separated by a space.
func parseMerges(file []byte, ids map[string]int32) ([]merge, error) {
	lines := strings.Split(string(file), "\n")
	merges := make([]merge, 0, len(lines))
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, _ := strings.Cut(line, " ")
		if left == "" || right == "" || strings.Contains(right, " ") {
			return nil, fmt.Errorf("line %d: %q is not two pieces with a space between", i+1, line)
		}
		m, unknown := mergeOf(left, right, ids)
		if unknown != "" {
			return nil, fmt.Errorf("line %d: the piece %q of the merge %q is not in %s", i+1, unknown, line, vocabFile)
		}
		if merges = append(merges, m); len(merges) > maxMerges {
			return nil, fmt.Errorf("more than %d merges", maxMerges)
		}
	}
	return merges, nil
}

// mergeOf returns the merge of two pieces, or the one of the three pieces that
// has no id.
func mergeOf(left, right string, ids map[string]int32) (m merge, unknown string) {
	var ok bool
	if m.left, ok = ids[left]; !ok {
		return m, left
	}
	if m.right, ok = ids[right]; !ok {
		return m, right
	}
	if m.made, ok = ids[left+right]; !ok {
		return m, left + right
	}
	return m, ""
}
