// Package defaultmodel holds the model that is part of the program: a small GPT-2 of golens's own,
// described in its README.md. Its tokenizer is GPT-2's.
package defaultmodel

import _ "embed"

// Config is the text of config.json.
//
//go:embed config.json
var Config []byte

// Weights are the bytes of model.safetensors. They lie in the program's file and
// come into memory when they are read.
//
//go:embed model.safetensors
var Weights string
