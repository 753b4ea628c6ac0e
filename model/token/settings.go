package token

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	tokenizerJSON   = "tokenizer.json"
	configFile      = "tokenizer_config.json"
	specialMapFile  = "special_tokens_map.json"
	modelConfigFile = "config.json"
)

// settings are what the other files of a folder say of its tokenizer, and what
// transformers 5 does about it: tokenizer_config.json; an older
// special_tokens_map.json; and of config.json the model's type.
type settings struct {
	Class     string                `json:"tokenizer_class"`
	AutoMap   jsontext.Value        `json:"auto_map"`
	Legacy    *bool                 `json:"legacy"`
	AddPrefix *bool                 `json:"add_prefix_space"`
	AddBOS    bool                  `json:"add_bos_token"`
	AddEOS    bool                  `json:"add_eos_token"`
	Added     map[string]addedToken `json:"added_tokens_decoder"`
	Extra     jsontext.Value        `json:"extra_special_tokens"`
	OldExtra  jsontext.Value        `json:"additional_special_tokens"`
	BOS       *namedToken           `json:"bos_token"`
	EOS       *namedToken           `json:"eos_token"`
	Unknown   *namedToken           `json:"unk_token"`
	Separator *namedToken           `json:"sep_token"`
	Padding   *namedToken           `json:"pad_token"`
	Classify  *namedToken           `json:"cls_token"`
	Mask      *namedToken           `json:"mask_token"`

	given     map[string]jsontext.Value // all members, to tell null from missing
	modelType string
}

// A namedToken is a token by its text, or an object that describes it.
type namedToken struct{ addedToken }

// UnmarshalJSON reads either form.
func (t *namedToken) UnmarshalJSON(b []byte) error {
	var text string
	if v := jsontext.Value(b); v.Kind() != '"' {
		return json.Unmarshal(b, &t.addedToken)
	}
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	t.addedToken = addedToken{Content: text, Special: true}
	return nil
}

// readSettings returns the settings of a folder. Files that are not there say nothing.
func readSettings(dir string) (*settings, error) {
	var s settings
	file, err := readOptional(dir, configFile)
	if err == nil && file != nil {
		err = errors.Join(json.Unmarshal(file, &s), json.Unmarshal(file, &s.given))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	if s.Added == nil {
		file, err := readOptional(dir, specialMapFile)
		if err == nil && file != nil {
			err = errors.Join(json.Unmarshal(file, &s), json.Unmarshal(file, &s.given))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", specialMapFile, err)
		}
	}
	var model struct {
		Type  string `json:"model_type"`
		Class string `json:"tokenizer_class"`
	}
	if file, err := readOptional(dir, modelConfigFile); err == nil && file != nil {
		if json.Unmarshal(file, &model) == nil { // what is wrong with it is for others to say
			s.modelType = model.Type
			if s.Class == "" {
				s.Class = model.Class
			}
		}
	}
	s.Class = strings.TrimSuffix(s.Class, "Fast")
	return &s, nil
}

// readOptional returns the contents of a file of the folder, nil where there is none.
func readOptional(dir, name string) ([]byte, error) {
	file, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return file, err
}

// added returns added_tokens_decoder's tokens in the order of their ids.
func (s *settings) added() ([]addedToken, error) {
	byID := map[int]addedToken{}
	for id, t := range s.Added {
		n, err := strconv.Atoi(id)
		if err != nil {
			return nil, fmt.Errorf("%s: added_tokens_decoder: %q is not an id", configFile, id)
		}
		byID[n] = t
	}
	var tokens []addedToken
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		tokens = append(tokens, byID[id])
	}
	return tokens, nil
}

// named returns the tokens that have a role, in transformers' order, and then the
// extra ones.
func (s *settings) named() ([]addedToken, error) {
	var tokens []addedToken
	for _, t := range []*namedToken{s.BOS, s.EOS, s.Unknown, s.Separator, s.Padding, s.Classify, s.Mask} {
		if t != nil {
			t.Special = true
			tokens = append(tokens, t.addedToken)
		}
	}
	extra := s.Extra
	if isNull(extra) || string(extra) == "[]" {
		extra = s.OldExtra
	}
	if isNull(extra) || extra.Kind() == '{' {
		return tokens, nil
	}
	var list []namedToken
	if err := unmarshal(extra, &list); err != nil {
		return nil, fmt.Errorf("%s: extra_special_tokens: %w", configFile, err)
	}
	for _, t := range list {
		tokens = append(tokens, t.addedToken)
	}
	return tokens, nil
}

// defaults gives roles that the files do not mention the tokens of a class.
func (s *settings) defaults(c class5) {
	for _, d := range []struct {
		key, content string
		to           **namedToken
	}{
		{"bos_token", c.bos, &s.BOS}, {"eos_token", c.eos, &s.EOS}, {"unk_token", c.unknown, &s.Unknown},
		{"pad_token", c.padding, &s.Padding}, {"mask_token", c.mask, &s.Mask},
	} {
		if _, ok := s.given[d.key]; !ok && d.content != "" {
			*d.to = &namedToken{addedToken{Content: d.content, Special: true}}
		}
	}
}
