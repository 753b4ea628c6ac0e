package lens

import (
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// The trial of tf32x3 passes where its products are what near.py says, and fails for each
// fault that a device, or the text, may have.
func TestNearTrial(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	on, err := openTiles(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { on.Close() })
	n := nearOf(t, on)
	const product = "x = torch.mm(h1, w2.t()).addmm_(h2, w1.t()).addmm_(h1, w1.t())"
	for name, f := range map[string]struct{ old, new string }{
		"as it is":            {"", ""},
		"h2 w2 as well":       {product, product + ".addmm_(h2, w2.t())"},
		"h2 w1 left out":      {product, "x = torch.mm(h1, w1.t()).addmm_(h1, w2.t())"},
		"h1 w2 left out":      {product, "x = torch.mm(h1, w1.t()).addmm_(h2, w1.t())"},
		"TF32 alone":          {product, "x = torch.mm(h1, w1.t())"},
		"sums in bfloat16":    {product, product + "\n    x = x.to(15).to(6)"},
		"sums in TF32":        {product, product + "\n    x = self.cut(x)"},
		"first part rounded":  {product, "x = torch.mm(h1.to(15).to(6), w1.t()).addmm_(h2, w1.t()).addmm_(h1, w2.t())"},
		"second part rounded": {product, "x = torch.mm(h1, w1.t()).addmm_(h2.sign().mul_(h2.abs().mean()), w1.t()).addmm_(h1, w2.t())"},
		"a column left out":   {product, "h1 = h1.clone()\n    h1[:, -1:] = torch.zeros_like(h1[:, -1:])\n    " + product},
	} {
		text := nearText
		if f.old != "" {
			if text = strings.Replace(text, f.old, f.new, 1); text == nearText {
				t.Fatalf("%s: the text has no %q", name, f.old)
			}
		}
		u, err := torch.NewUnit()
		if err != nil {
			t.Fatal(err)
		}
		faulty, err := u.Define("Near", text+tilesText)
		if err != nil {
			t.Fatal(err)
		}
		defer faulty.Close()
		ok, err := n.trial(faulty)
		if err != nil {
			t.Fatal(err)
		}
		if want := name == "as it is" || name == "h2 w2 as well"; ok != want {
			t.Errorf("%s: the trial passes: %v", name, ok)
		}
	}
}
