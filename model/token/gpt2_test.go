package token

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gpt2ForTest returns GPT2's tokenizer.
func gpt2ForTest(t testing.TB) *Tokenizer {
	t.Helper()
	tokenizer, err := GPT2()
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

func TestGPT2(t *testing.T) {
	tokenizer := gpt2ForTest(t)
	if got := tokenizer.Size(); got != 50257 {
		t.Errorf("%d pieces, want 50257", got)
	}
	if id, ok := tokenizer.EndOfText(); id != 50256 || !ok {
		t.Errorf("EndOfText() = %d, %v; want 50256, true", id, ok)
	}
	if again := gpt2ForTest(t); again != tokenizer {
		t.Error("a second call of GPT2 returned another tokenizer")
	}
}

// The embedded table, written as Hugging Face's two files, gives those that
// OpenAI published, to the last byte: the pieces, their ids, and the merges and
// their order are all as they should be.
func TestGPT2SavesOpenAIsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := gpt2ForTest(t).Save(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"vocab.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
		"merges.txt": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
	} {
		file, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(file)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("sha256 of %s is %s, want %s", name, got, want)
		}
	}
}

func TestReadRanksRefuses(t *testing.T) {
	var bytes256 strings.Builder // "AA== 0\n" and so on: the bytes as pieces
	for b := range 256 {
		bytes256.WriteString(rankLine([]byte{byte(b)}, b))
	}
	all := bytes256.String()
	for name, test := range map[string]struct {
		file  string
		count int
		want  string
	}{
		"not base64":          {"!!! 0\n", 1, "line 1: illegal base64"},
		"no id":               {"AA==\n", 1, "line 1"},
		"id out of order":     {"AA== 1\n", 1, "line 1"},
		"no piece":            {" 0\n", 1, "line 1"},
		"too few":             {all, 257, "256 pieces instead of 257"},
		"too many":            {all + rankLine([]byte("ab"), 256), 256, "257 pieces instead of 256"},
		"bytes missing":       {"AA== 0\nAAA= 1\n", 2, "byte 0x01"},
		"not a merge of two":  {all + rankLine([]byte("abc"), 256), 257, `line 257: the piece "abc"`},
		"a piece twice":       {all + rankLine([]byte("ab"), 256) + rankLine([]byte("ab"), 257), 258, `line 258: the piece "ab"`},
		"one line cut off":    {all + "YW", 257, "line 257"},
		"the same byte again": {all + "AA== 256\n", 257, "line 257"},
	} {
		if _, err := readRanks([]byte(test.file), test.count); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	v, err := readRanks([]byte(all+rankLine([]byte("ab"), 256)+rankLine([]byte("abab"), 257)), 258)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.merges, []merge{{'a', 'b', 256}, {256, 256, 257}}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("merges %v, want %v", got, want)
	}
}
