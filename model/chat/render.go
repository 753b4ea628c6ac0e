package chat

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ardanlabs/jinja"
)

// A Message is one turn of a conversation: "role", "content", and what else a template
// asks for. A value that is nil counts as not there.
type Message = map[string]any

// Options say how a conversation ends.
type Options struct {
	// Whole leaves out what begins the model's answer, as add_generation_prompt=False does:
	// the conversation is over.
	Whole bool
}

// Say returns a conversation of one message by the user, behind one by the system where
// that is not empty.
func Say(system, user string) []Message {
	var out []Message
	if system != "" {
		out = append(out, Message{"role": "system", "content": system})
	}
	return append(out, Message{"role": "user", "content": user})
}

// ParseMessages reads a conversation: a list of objects with "role" and "content" in JSON.
func ParseMessages(text []byte) ([]Message, error) {
	var list []Message
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf(`it is not a list such as [{"role": "user", "content": "Hello"}]: %w`, err)
	}
	if len(list) == 0 {
		return nil, errors.New("it has no message")
	}
	for i, m := range list {
		if role, ok := m["role"].(string); !ok || role == "" {
			return nil, fmt.Errorf("message %d has no role, such as user", i+1)
		}
		switch m["content"].(type) {
		case string, []any, nil:
		default:
			return nil, fmt.Errorf("the content of message %d is neither a text nor a list", i+1)
		}
	}
	return list, nil
}

// Render returns the text of a conversation. It runs the template within this process: a
// template that never ends or fills the memory takes the process along; a Process does not.
// What the template itself refuses, such as roles that do not alternate, is an error.
func (t *Template) Render(messages []Message, o Options) (text string, err error) {
	defer func() {
		if r := recover(); r != nil { // the library's own, on a template that it does not understand
			err = fmt.Errorf("chat template: %v", r)
		}
	}()
	compiled, err := jinja.Compile(explicit(t.Source))
	if err != nil {
		return "", fmt.Errorf("chat template: %w", err)
	}
	list := make([]any, len(messages))
	for i, m := range messages {
		there := map[string]any{}
		for k, v := range m {
			if v != nil {
				there[k] = v
			}
		}
		list[i] = there
	}
	data := map[string]any{"messages": list, "tools": nil, "documents": nil, "add_generation_prompt": !o.Whole}
	for name, token := range t.Tokens {
		data[name] = token
	}
	if text, err = compiled.Render(data); err != nil {
		return "", fmt.Errorf("chat template: %w", err)
	}
	return text, nil
}
