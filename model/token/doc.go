// Package token turns text into the ids that a language model reads, and ids back
// into text. GPT2 is the tokenizer of GPT-2, whose vocabulary is part of the
// program; Open reads one from a Hugging Face folder: GPT-2's two files, or the
// tokenizer.json of any family whose model is of byte pairs (BPE).
//
// # What is exact
//
// The ids of GPT-2 are those of OpenAI's tiktoken and of Hugging Face's tokenizers,
// for any text. What these do not take, bytes that are not UTF-8, has ids as well,
// and whatever the bytes, Decode returns those that Encode was given. The ids and
// texts of a tokenizer.json are those of tokenizers 0.23, and those of a folder are
// the ones that transformers 5's AutoTokenizer gives, which for some classes does not
// take the file as it is; see classes.go.
//
// # How a text becomes ids
//
// Each step is a small type, built from a member of the file (spec.compile):
//
//   - added tokens are found, in the text as it is and in what is normalised: finder
//   - the text between them is rewritten: normalizer
//   - and cut into words: cutter. GPT-2's words have a scanner, every other pattern
//     is a regular expression.
//   - The bytes or characters of a word are merged pairwise to ever longer pieces of
//     the vocabulary, in the order of the merges: merger. It takes n log n for a word
//     of n characters, which matters where a whole text is one word, as for Llama 2.
//   - Tokens are put around the whole: template.
//
// The way back is decoder. What is done with tables of Unicode keeps to the versions
// of those libraries: 16.0 for classes of characters, where Go 1.26 has 15.0
// (class.go, pattern_newer.go), and 9.0 for normalisation (normal_form.go).
//
// # Start
//
// GPT2 takes 16 ms in a new process: the table is read from the program as it is,
// and its merges, which it does not tell, follow from its order. Open of GPT-2's
// two files takes 30 ms, half of it for the JSON.
package token
