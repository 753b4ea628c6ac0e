package sweep

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
)

// words finds the targets' tokens.
func (f *File) words(m *model.Model) (words []lens.Word, next bool, warnings []string, err error) {
	for _, e := range f.Targets {
		if e.Text == "next" {
			next = true
			continue
		}
		t, err := targetOf(m, e.Text)
		if err != nil {
			return nil, false, nil, e.Wrong(err)
		}
		if t.Warning != "" {
			warnings = append(warnings, t.Warning)
		}
		words = append(words, lens.Word{Text: e.Text, ID: t.ID()})
	}
	for _, e := range f.TargetIDs {
		for _, text := range strings.Split(e.Text, ",") {
			id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil || id < 0 || id >= int64(m.Sizes.Vocab) {
				return nil, false, nil, e.Wrong(choice("%q is no token id: the vocabulary has the ids 0 to %d", text, m.Sizes.Vocab-1))
			}
			words = append(words, lens.Word{Text: "#" + strings.TrimSpace(text), ID: id})
		}
	}
	if next && len(words) > 0 {
		return nil, false, nil, f.Targets[0].Wrong(choice("the target next, the text's own next token, goes with no other target"))
	}
	return words, next, warnings, nil
}

// targetOf finds the token that a text names: see model.Model.Target.
func targetOf(m *model.Model, text string) (model.Target, error) {
	t, err := m.Target(text)
	if c := new(model.ChoiceError); errors.As(err, &c) {
		return t, choice("%s", c.Msg)
	}
	return t, err
}

// metrics adds the metrics to a plan. Without any, it adds logprob if there are targets.
func (f *File) metrics(m *model.Model, p *Plan) (warnings []string, err error) {
	for _, e := range f.Metrics {
		name, words, isDiff := strings.Cut(e.Text, ":")
		k := Metric{Kind: Kind(name)}
		if !slices.Contains(Kinds, k.Kind) {
			return nil, e.Wrong(choice("no metric is called %q: there are logprob, prob, rank, logit, entropy, kl and diff", name))
		}
		if (k.Kind == Diff) != isDiff {
			return nil, e.Wrong(choice(`metric %s: diff, and it alone, has two words behind it, such as diff:" good"," bad"`, e.Text))
		}
		if isDiff {
			pair, err := twoWords(words)
			if err != nil {
				return nil, e.Wrong(err)
			}
			for i, text := range pair {
				t, err := targetOf(m, text)
				if err != nil {
					return nil, e.Wrong(err)
				}
				if k.Diff[i] = (lens.Word{Text: t.Text, ID: t.ID()}); t.Warning != "" {
					warnings = append(warnings, t.Warning)
				}
			}
		}
		p.Metrics = append(p.Metrics, k)
	}
	return warnings, nil
}

// twoWords reads `" a"," b"` or `a,b`. It keeps quotation marks, which mean that a text is taken
// as it is.
func twoWords(text string) ([2]string, error) {
	var out [2]string
	rest := text
	for i := range out {
		word, after, comma := rest, "", false
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if word = quoted; err != nil {
				return out, choice("metric diff:%s: a quotation mark has no end", text)
			}
			after, comma = strings.CutPrefix(rest[len(quoted):], ",")
		} else {
			word, after, comma = strings.Cut(rest, ",")
		}
		if word == "" || comma != (i == 0) || i == 1 && after != "" {
			return out, choice(`metric diff:%s: write two words with a comma between them, such as diff:" good"," bad"`, text)
		}
		out[i], rest = word, after
	}
	return out, nil
}

// namePieces fills in the bytes of the targets' tokens.
func (r *Result) namePieces(tok *token.Tokenizer) {
	r.Pieces = map[int64]lens.Token{}
	name := func(id int64) {
		b, _ := tok.Piece(id) // a model may have more rows than its tokenizer has tokens
		r.Pieces[id] = lens.Token{ID: id, Bytes: b}
	}
	for _, id := range r.IDs {
		name(id)
	}
	for _, s := range r.Series {
		if s.Metric.Kind == Diff {
			name(s.Metric.Diff[0].ID)
			name(s.Metric.Diff[1].ID)
		}
	}
}
