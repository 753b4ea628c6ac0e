package token

import (
	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/normalizer"
)

// Encoding returns text as an Encoding of the framework: besides the ids, which
// are Encode's, the pieces as of Display, for each the offsets in text of its
// first byte and of the byte after its last, and the number of its word. Any
// bytes have an Encoding, and the time is linear in their number.
//
// It is made by the framework's stages one after the other, which is exact where
// Framework's Encode is not.
func (t *Tokenizer) Encoding(text string) (*tokenizer.Encoding, error) {
	// Without alignments the framework takes offsets as they are: byte for byte.
	whole := normalizer.NewNormalizedString(text, text, nil, nil, 0)
	words, err := preTokenizer{}.PreTokenize(tokenizer.NewPreTokenizedStringFromNS(whole))
	if err != nil {
		return nil, err
	}
	m := model{t}
	pieces, err := words.Tokenize(func(word *normalizer.NormalizedString) ([]tokenizer.Token, error) {
		return m.Tokenize(word.GetNormalized())
	})
	if err != nil {
		return nil, err
	}
	const firstText, numberWords = 0, -1
	return pieces.IntoEncoding(firstText, numberWords, tokenizer.Byte)
}

// Framework returns the tokenizer as one of the framework's, for code that
// speaks its interfaces: its Tokenizer assembled from this package's pre-tokenizer,
// model and decoder, with the special tokens as its AddedTokens. Each call returns
// a new one, which may be changed.
//
// Its ids are those of EncodeSpecial as long as the text is valid UTF-8 and has
// no two different special tokens. On other text its Encode panics, or misses a
// token; the package's documentation says why. It needs some forty times the time
// and nearly three hundred times the memory of Encode.
func (t *Tokenizer) Framework() *tokenizer.Tokenizer {
	f := tokenizer.NewTokenizer(model{t})
	f.WithPreTokenizer(preTokenizer{})
	f.WithDecoder(decoder{t})
	special := make([]tokenizer.AddedToken, len(t.special))
	for i, id := range t.special {
		special[i] = tokenizer.NewAddedToken(t.vocabulary.display(id), true)
	}
	f.AddSpecialTokens(special)
	return f
}
