package model

import "encoding/hex"

// Parameters counts the model's numbers: each tensor once, as model.parameters()
// does in PyTorch, and module by module, where a tied head counts again.
func (m *Model) Parameters() (unique, modules int64) {
	for _, t := range m.weights.made {
		unique += t.Numel()
	}
	modules = unique
	if m.tied {
		modules += int64(m.Sizes.Vocab) * int64(m.Sizes.Width)
	}
	return unique, modules
}

// About returns what is to be known of the embedded model, "" for any other.
func (m *Model) About() string {
	if m.Dir != "" {
		return ""
	}
	return "a small GPT-2 that golens brings along, trained on public-domain English; it is not\n" +
		"OpenAI's GPT-2. To use that one: --model gpt2, when the local Hugging Face cache has it\n" +
		"(hf download gpt2), or --model FOLDER."
}

// Bytes returns the memory that the weights take.
func (m *Model) Bytes() int64 {
	n, _ := m.Parameters()
	return n * m.DType.Size()
}

// StoredTypes returns the dtypes in which the checkpoint holds its tensors, with their number.
func (m *Model) StoredTypes() map[string]int {
	types := map[string]int{}
	for name := range m.weights.used {
		if e, ok := m.weights.set.Lookup(name); ok {
			types[string(e.DType)]++
		}
	}
	return types
}

// Digest returns the sha256 over the checkpoint's tensors, in hexadecimal. It reads all of them.
func (m *Model) Digest() (string, error) {
	d, err := m.weights.set.Digest()
	return hex.EncodeToString(d[:]), err
}
