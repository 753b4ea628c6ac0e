package study_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/study"
	"github.com/golens/golens/torch"
)

// The studies read GPT-2's words, so that every checkpoint has its vocabulary.
var checkpoints = []struct {
	preset  string
	options []string
}{{"12x96", nil}, {"4x64-untied", []string{"--config", "vocab_size=50257"}}, {"3x768", nil}}

// TestExact compares every array of every study with PyTorch, bit by bit.
func TestExact(t *testing.T) {
	before := torch.Threads()
	defer torch.SetThreads(before)
	for _, c := range checkpoints {
		dir := reference.Model(t, c.preset, c.options...)
		for _, attention := range []model.Attention{model.SDPA, model.Eager} {
			m, err := model.Open(dir, model.Options{Attention: attention})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for _, threads := range []int{1, 2} {
				if err := torch.SetThreads(threads); err != nil {
					t.Fatal(err)
				}
				for _, s := range study.Studies {
					for _, compat := range []study.Compat{study.Published, study.Fixed} {
						if compat == study.Fixed && len(s.Differs) == 0 {
							continue // one variant
						}
						t.Run(fmt.Sprintf("%s/%s/%d/%s/%s", c.preset, attention, threads, s.Name, compat), func(t *testing.T) {
							compare(t, m, dir, threads, s, compat)
						})
					}
				}
			}
		}
	}
}

func compare(t *testing.T, m *model.Model, dir string, threads int, s *study.Study, compat study.Compat) {
	got, err := s.Run(context.Background(), m, study.Options{Compat: compat})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	r := reference.StudyRequest{Name: s.Name, Compat: string(compat), Model: dir, Attention: string(m.Attention), Threads: threads}
	for _, p := range got.Prompts {
		r.Prompts = append(r.Prompts, tok.Encode(p))
	}
	switch s.Name {
	case "target-rank":
		r.Target = &tok.Encode(" football")[0]
	case "hidden-states":
		r.Target = &tok.Encode(" insect")[0]
	case "generation":
		end, _ := tok.EndOfText()
		r.EndOfText = &end
	}
	want := reference.Study(t, r)
	for _, a := range got.Arrays {
		w, ok := want[a.Name]
		if !ok {
			if a.Name != "target_ids" {
				t.Errorf("the reference has no %s", a.Name)
			}
			continue
		}
		delete(want, a.Name)
		if !slices.Equal(a.Dims, w.Shape) && len(a.Dims)+len(w.Shape) > 0 {
			t.Errorf("%s has shape %v, the reference %v", a.Name, a.Dims, w.Shape)
		}
		switch v := a.Values.(type) {
		case []float32:
			reference.Equal(t, a.Name, v, w)
		case []int64:
			reference.Equal(t, a.Name, v, w)
		}
	}
	for name := range want {
		t.Errorf("%s of the reference is missing", name)
	}
	documented(t, s, got)
}

// documented looks whether a study's table of arrays names what it has.
func documented(t *testing.T, s *study.Study, got *study.Outcome) {
	var names, has []string
	for _, a := range s.Arrays {
		names = append(names, a.Name)
	}
	for _, a := range got.Arrays {
		if strings.HasPrefix(a.Name, "laminar_") {
			a.Name = "laminar_0 .. laminar_L"
		}
		has = append(has, a.Name)
	}
	slices.Sort(names)
	slices.Sort(has)
	if has = slices.Compact(has); !slices.Equal(names, has) {
		t.Errorf("arrays %v, documented %v", has, names)
	}
}

// TestPhi: the study that was published on Phi in bfloat16, on a small model of its
// kind, with the token in front that its tokenizer does not know.
func TestPhi(t *testing.T) {
	// One row more than GPT-2's words, for that token.
	dir := reference.Model(t, "phi-96", "--config", "vocab_size=50258", "--dtype", "bfloat16")
	vocabulary, err := token.GPT2()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := vocabulary.Save(folder); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(folder, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.DType.String() != "bfloat16" {
		t.Fatalf("the model is in %s", m.DType)
	}
	s, err := study.Find("entropy")
	if err != nil {
		t.Fatal(err)
	}
	for _, compat := range []study.Compat{study.Published, study.Fixed} {
		got, err := s.Run(context.Background(), m, study.Options{Compat: compat})
		if err != nil {
			t.Fatal(err)
		}
		ids := append([]int64{50257}, vocabulary.Encode(got.Prompts[0])...)
		want := reference.Study(t, reference.StudyRequest{Name: "entropy", Compat: string(compat), Model: folder, DType: "bfloat16",
			Attention: "sdpa", Threads: torch.Threads(), Prompts: [][]int64{ids}})
		for _, a := range got.Arrays {
			switch v := a.Values.(type) {
			case []float32:
				reference.Equal(t, a.Name, v, want[a.Name])
			case []int64:
				reference.Equal(t, a.Name, v, want[a.Name])
			}
		}
		if first := string(got.Lenses[0].Tokens[0].Bytes); first != "<bos>" {
			t.Errorf("the first token is shown as %q", first)
		}
	}
}
