package data

// A MemberDoc documents a member of a lens's file that is not an array of numbers.
type MemberDoc struct {
	Name    string
	Type    string // its type in JSON
	Meaning string
	NPZ     bool // also in NPZ, as a '<U' array without axes
}

// Members is the table of the members beside the arrays.
var Members = []MemberDoc{
	{"format", "string", "the layout and its version: `" + LensFormat + "`", true},
	{"name", "string", "the prompt's name where several are read, else empty", true},
	{"prompt", "string", "the text as given; U+FFFD stands for bytes that are not UTF-8, for which `prompt_bytes` is given too", true},
	{"prompt_bytes", "base64", "the prompt's bytes, only where `prompt` is not lossless", false},
	{"manifest", "object", "what made the result; in NPZ the same object as JSON text", true},
	{"generation", "object", "where the model wrote the text: `prompt_tokens` and `new_tokens` count its tokens, `text` is what is new (`text_bytes` in base64 where that is not lossless), `ended` says `why` there is no more, `sampling` how tokens were drawn, null for the likeliest, and `settings` the fields of generation_config.json that held and differ from transformers' defaults", true},
	{"warnings", "strings", "sentences for the user", false},
	{"tokens", "tokens", "the prompt's tokens, T of them", false},
	{"layers", "objects", "for each row its `row` (0 is the embedding), the hook `point` whose output was read, and a `label`", false},
	{"pieces", "object", "every token that occurs in `top_ids` and `target_ids`, by its id in decimal: a token without the `id`", false},
	{"targets", "object", "with targets: `next` says whether they are the text's own next tokens, `words` are the words as given, `tokens` the token that is followed of each", false},
	{"joint", "object", "with whole targets: `words` are these as given, `tokens` the tokens of `joint_ids`", false},
}
