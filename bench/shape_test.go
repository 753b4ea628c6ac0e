package bench

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestShape: a model of a shape is GPT-2 with fresh weights, the same ones each time, and
// leaves nothing behind.
func TestShape(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	before := torch.Live()
	var digests []string
	for range 2 {
		m, err := Shape{2, 128}.Open(model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Sizes.Blocks != 2 || m.Sizes.Width != 128 || m.Sizes.Heads != 2 || m.Sizes.Vocab != 50257 || m.Sizes.Context != 1024 || !m.Tied() || len(m.Warnings) > 0 {
			t.Errorf("%+v, tied %v, warnings %q", m.Sizes, m.Tied(), m.Warnings)
		}
		if m.Name != "gpt2 2x128, random weights" {
			t.Errorf("it is called %q", m.Name)
		}
		d, err := m.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, d)
		if err := m.Hold(context.Background(), func(s model.Session) error {
			run, err := s.Forward(idsOf(5, m.Sizes.Vocab), nil)
			if err != nil {
				return err
			}
			defer run.Close()
			x, err := torch.Values[float32](run.Results[0])
			if err != nil {
				return err
			}
			// Behind the final norm each of the 128 numbers is about 1 large, so a logit,
			// their sum with numbers of 0.02, is about 0.02 sqrt(128) = 0.23 large.
			if rms := rootMeanSquare(x); !(rms >= 0.2) || !(rms <= 0.26) {
				t.Errorf("the logits are %v large", rms)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if tok, err := m.Tokenizer(); err != nil || tok.Size() != 50257 {
			t.Errorf("the tokenizer: %v", err)
		}
		m.Close()
	}
	if digests[0] != digests[1] {
		t.Error("two models of a shape have other weights")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v, left behind: %v", err, left)
	}
	if n := torch.Live(); n > before {
		t.Errorf("%d objects are not freed", n-before)
	}
}

func rootMeanSquare(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(x)))
}

func TestParseShape(t *testing.T) {
	if s, err := ParseShape("12x768"); err != nil || s != (Shape{12, 768}) || s.String() != "12x768" {
		t.Errorf("%v, %v", s, err)
	}
	for _, text := range []string{"", "12", "12x", "x768", "12x768x3", "12x768 ", "0x64", "-1x64", "2x0", "2x100000", "2x100", "9999x64", "12X768", "axb"} {
		if s, err := ParseShape(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
}
