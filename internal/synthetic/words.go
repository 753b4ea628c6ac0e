// Package synthetic has made-up tokens for tests of what is drawn and written.
package synthetic

// PlainWords are everyday tokens.
var PlainWords = []string{
	" the", " is", " way", " you", " do", " everything", ",", ".", " a", " of", " anything", "\n", " to", " and",
	" thing", " that", " not", " unconstitutional", " it", " was",
}

// HardWords holds what is hard to show: wide and combining characters, emoji,
// control characters, directions, bytes that are no text, signs of our own.
var HardWords = []string{
	" 人工", "カタカナ", "한국", "e\u0301", "\u0301", "😀", " 👩\u200d🚀", "❤\ufe0f", "\U0001f1e9\U0001f1ea", "👍\U0001f3fd",
	"\x1b[31mred\x1b[0m", "\x00", "\x7f", "\r\n", "\t\t", "    ", "\xf0\x9f", "\xff", "\u202eevil", "\u200b", "\ufeff",
	"שלום", " مرحبا", "</script>", "<|endoftext|>", `\n`, "·", "↵", "…", "", "\u00a0", "\u3000", "a\u0300\u0301\u0302\u0303\u0304",
	" Straße", " Ελλάδα", " Москва", "नमस्ते", "\u0085", "\u115f", "\ue000", " →", "\"quoted\",", "=1+1", "a very long token that goes on and on",
}
