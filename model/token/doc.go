// Package token turns text into the ids that a GPT-2 model reads, and ids back
// into text. GPT2 is the tokenizer of GPT-2, whose vocabulary is part of the
// program; Open reads one from a Hugging Face folder.
//
// # What is exact
//
// The ids are those of OpenAI's tiktoken and of Hugging Face's tokenizers, for
// any text. What tiktoken does not take, bytes that are not UTF-8, has ids as
// well, and whatever the bytes, Decode returns those that Encode was given. A
// text becomes ids in two steps, word by word:
//
//   - It is cut into words: runs of letters, numbers or other symbols, each with
//     the space before it, a few English endings, and white space; see scanner.
//     The classes are Unicode 16.0's. A byte that is not part of valid UTF-8 is a
//     symbol that is neither letter, number nor space, each byte one.
//   - The bytes of a word are merged pairwise to ever longer pieces of the
//     vocabulary, in the order of the vocabulary's list of merges; see merger.
//
// Encode is linear in the length of the text, within one word of n bytes n log n.
//
// # The framework
//
// The parts stand behind the interfaces of github.com/sugarme/tokenizer, which is
// the framework here: preTokenizer, model and decoder are its PreTokenizer, Model
// and Decoder, and special tokens its AddedTokens. Encoding returns its Encoding,
// and Framework its Tokenizer assembled of these parts.
//
// Its own byte-level pre-tokenizer and BPE are not used: of 9,569 hard texts they
// give other ids than tiktoken for 1,561, such as any with a blank line between
// paragraphs, and panic on 304. Three things of the framework itself are passed
// by, all measured with version 0.3.0, times on a megabyte of English prose:
//
//   - Its Tokenizer.Encode notes for each byte of the text, twice, where it comes
//     from. On text that is not UTF-8 it panics, as it counts three bytes for each
//     invalid one; on other text it takes 0.8 s and 1.3 GB. Encoding calls the
//     framework's stages with strings that have no such notes: any bytes, 0.27 s
//     and 350 MB, most of it for the offsets and strings of each token.
//   - Encode, of which most callers want ids alone, calls the same scanner and
//     merger without the framework around: 0.02 s and 5 MB. Tests hold the three
//     ways to the same ids.
//   - Its search for added tokens misses some where a text has two different ones
//     ("<s>a</s>b<s>" gives one of the two <s>), and it compiles its expressions
//     anew for each text. EncodeSpecial searches itself. GPT-2 has one special
//     token only, with which the framework is right.
//
// # Start
//
// GPT2 takes 16 ms in a new process: the table is read from the program as it is,
// and its merges, which it does not tell, follow from its order. Open of GPT-2's
// two files takes 30 ms, half of it for the JSON.
package token
