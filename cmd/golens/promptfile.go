package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v2"
)

// readPromptFile returns the prompts of a file of JSON lines, "-" for standard
// input. Empty lines are passed over, and so is a byte order mark.
func readPromptFile(c *cli.Context, path string) ([]prompt, error) {
	var data, name string
	var err error
	switch path {
	case "":
		return nil, usage(c, "--prompts: the file name is empty")
	case "-":
		name = "standard input"
		data, err = readInput(c)
	default:
		var b []byte
		name = path
		b, err = os.ReadFile(path)
		data = string(b)
	}
	if err != nil {
		return nil, fmt.Errorf("--prompts: %w", err)
	}
	var out []prompt
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(data, "\ufeff")) {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		p, err := parsePrompt(line)
		if err != nil {
			return nil, fmt.Errorf("--prompts %s, line %d: %w", name, n, err)
		}
		p.from = fmt.Sprintf("%s, line %d", name, n)
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--prompts %s: there is no prompt in it", name)
	}
	return out, nil
}

// parsePrompt reads one line. Unlike encoding/json, this library refuses bytes
// that are not UTF-8, half surrogate pairs and keys that come twice, where others
// put something else in their place.
func parsePrompt(line string) (p prompt, err error) {
	if err := json.Unmarshal([]byte(line), &p, json.RejectUnknownMembers(true)); err != nil {
		return p, fmt.Errorf("%w: a line is {\"prompt\": TEXT} or {\"ids\": [464, 835]}, with \"name\" and \"bos\" if wanted", jsonError(err))
	}
	if (p.Text == "") == (len(p.IDs) == 0) {
		return p, errors.New("it needs either a \"prompt\" or \"ids\" that are not empty")
	}
	return p, nil
}

// jsonError says what is wrong without the words of the library.
func jsonError(err error) error {
	var semantic *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Errorf("the key %q is there twice", syntax.JSONPointer.LastToken())
	case errors.As(err, &syntax):
		return fmt.Errorf("no valid JSON at byte %d: %w", syntax.ByteOffset+1, syntax.Err)
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("the key %q is unknown", semantic.JSONPointer.LastToken())
	case errors.As(err, &semantic) && semantic.JSONPointer != "":
		return fmt.Errorf("the value of %q is of another kind", strings.TrimPrefix(string(semantic.JSONPointer), "/"))
	case errors.As(err, &semantic):
		return errors.New("no JSON object")
	}
	return fmt.Errorf("no valid JSON: %w", err)
}
