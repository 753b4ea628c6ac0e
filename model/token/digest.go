package token

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// digest returns what Tokenizer.Digest documents.
func digest(v *vocabulary) string {
	const header = "golens vocabulary 1\n"
	b := make([]byte, 0, len(header)+4*(3+2*v.size()+3*len(v.merges))+len(v.text))
	number := func(n int) { b = binary.LittleEndian.AppendUint32(b, uint32(n)) }

	b = append(b, header...)
	number(v.size())
	for _, end := range v.ends {
		number(end)
	}
	b = append(b, v.text...)
	number(len(v.plain))
	for id := range int32(v.size()) {
		if _, ok := v.plain[id]; ok {
			number(int(id))
		}
	}
	number(len(v.merges))
	for _, m := range v.merges {
		number(int(m.left))
		number(int(m.right))
		number(int(m.made))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
