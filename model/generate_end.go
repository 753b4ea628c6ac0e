package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// generationFile is where transformers keeps what is to hold for generation alone.
const generationFile = "generation_config.json"

// EndIDs returns the tokens that end a text: those of the folder's
// generation_config.json or else of config.json, or the tokenizer's end-of-text
// where there is no configuration. Those that are not in the vocabulary are left out.
func (m *Model) EndIDs() ([]int64, error) {
	var named []int64
	switch {
	case m.Config != nil:
		named = m.Config.Arch.EOS
		if m.archive == nil && m.Dir != "" {
			own, err := readEnd(filepath.Join(m.Dir, generationFile))
			if err != nil {
				return nil, err
			}
			if own != nil {
				named = own
			}
		}
	default:
		if tok, err := m.Tokenizer(); err == nil {
			if id, ok := tok.EndOfText(); ok {
				named = []int64{id}
			}
		}
	}
	outside := func(id int64) bool { return id < 0 || id >= int64(m.Sizes.Vocab) }
	return slices.DeleteFunc(slices.Clone(named), outside), nil
}

// readEnd returns the eos_token_id of a generation_config.json, a number or a list of
// them; nil where there is none.
func readEnd(path string) ([]int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("model: read which tokens end a text: %w", err)
	}
	defer f.Close()
	const most = 1 << 20 // real ones have some hundred bytes
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("model: read which tokens end a text: %w", err)
	case len(text) > most:
		return nil, fmt.Errorf("model: %s has more than %d bytes: it is no %s", path, most, generationFile)
	}
	ids, err := parseEnd(text)
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w; mend it or take it away, and config.json counts", path, err)
	}
	return ids, nil
}

func parseEnd(text []byte) ([]int64, error) {
	var file struct {
		EOS json.RawMessage `json:"eos_token_id"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("it is no JSON object: %w", err)
	}
	var list []int64
	if file.EOS == nil || string(file.EOS) == "null" {
		return nil, nil
	}
	if err := json.Unmarshal(file.EOS, &list); err == nil {
		return list, nil
	}
	var id int64
	if err := json.Unmarshal(file.EOS, &id); err != nil {
		return nil, fmt.Errorf("its eos_token_id is no token id and no list of them")
	}
	return []int64{id}, nil
}
