package token

import (
	"bytes"
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
	oldAddedFile    = "added_tokens.json"
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
	own       []addedToken              // tokens of roles that only this model has: "image_token"
	oldAdded  map[string]int            // added_tokens.json, where there is no added_tokens_decoder
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
		if err = errors.Join(json.Unmarshal(file, &s), json.Unmarshal(file, &s.given)); err == nil {
			s.own = ownTokens(file, s.Extra)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	if s.Added == nil {
		if err := s.readOld(dir); err != nil {
			return nil, err
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

// readOld reads what older folders have in place of added_tokens_decoder.
func (s *settings) readOld(dir string) error {
	file, err := readOptional(dir, specialMapFile)
	if err == nil && file != nil {
		err = errors.Join(json.Unmarshal(file, s), json.Unmarshal(file, &s.given))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", specialMapFile, err)
	}
	if file, err = readOptional(dir, oldAddedFile); err == nil && file != nil {
		err = json.Unmarshal(file, &s.oldAdded)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", oldAddedFile, err)
	}
	return nil
}

// ownTokens returns the tokens of roles that are not transformers' own: the texts of
// members like "image_token" of a tokenizer_config.json, and those of an object of
// extra_special_tokens, in the order of the file.
func ownTokens(file, extra jsontext.Value) []addedToken {
	var tokens []addedToken
	members(file, func(name string, v jsontext.Value) {
		if strings.HasSuffix(name, "_token") && !slices.Contains(roles, name) && v.Kind() == '"' {
			tokens = appendNamed(tokens, v)
		}
	})
	members(extra, func(_ string, v jsontext.Value) { tokens = appendNamed(tokens, v) })
	return tokens
}

// roles are the members of tokenizer_config.json for tokens that any model can have.
var roles = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// appendNamed appends a token in either form; what is no token is left out.
func appendNamed(to []addedToken, v jsontext.Value) []addedToken {
	var t namedToken
	if isNull(v) || json.Unmarshal(v, &t) != nil {
		return to
	}
	t.Special = true
	return append(to, t.addedToken)
}

// members calls yield for each member of a JSON object, in its order.
func members(v jsontext.Value, yield func(name string, value jsontext.Value)) {
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return
		}
		yield(key, bytes.Clone(value))
	}
}

// readOptional returns the contents of a file of the folder, nil where there is none.
func readOptional(dir, name string) ([]byte, error) {
	file, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return file, err
}

// added returns the tokens of added_tokens_decoder, or of the older added_tokens.json,
// in the order of their ids.
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
	if len(s.oldAdded) > 0 {
		named, err := s.named()
		if err != nil {
			return nil, err
		}
		for content, id := range s.oldAdded {
			special := slices.ContainsFunc(named, func(t addedToken) bool { return t.Content == content })
			byID[id] = addedToken{Content: content, Normalized: !special, Special: special}
		}
	}
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
	tokens = append(tokens, s.own...)
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
func (s *settings) defaults(c tokenizerClass) {
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
