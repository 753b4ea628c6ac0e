package data

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"

	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
)

// table reads CSV into a map of column values for each line.
func table(t *testing.T, results ...*lens.Result) []map[string]string {
	t.Helper()
	var b bytes.Buffer
	b.Write(written(t, CSV, Options{Several: true}, results...))
	for _, bad := range []string{"\x1b", "\x00", "\r"} {
		if bytes.Contains(b.Bytes(), []byte(bad)) {
			t.Errorf("%q stands in the CSV as it is", bad)
		}
	}
	n := bytes.Count(b.Bytes(), []byte("\n"))
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != n {
		t.Errorf("%d records on %d lines", len(lines), n)
	}
	var out []map[string]string
	for _, l := range lines[1:] {
		m := map[string]string{}
		for i, head := range lines[0] {
			m[head] = l[i]
		}
		out = append(out, m)
	}
	return out
}

func TestCSVCandidates(t *testing.T) {
	r := madeup.Hard()
	cols := len(r.Positions)
	n := 0
	for _, l := range table(t, r) {
		if l["kind"] != "top" {
			continue
		}
		i, k := n/r.K, n%r.K
		for head, want := range map[string]string{
			"name":      `hard\x1b`,
			"row":       strconv.Itoa(i / cols),
			"label":     r.Rows[i/cols].Label,
			"point":     r.Rows[i/cols].Point,
			"position":  strconv.Itoa(i % cols),
			"token_id":  strconv.FormatInt(r.Tokens[i%cols].ID, 10),
			"token":     visible.Escape(r.Tokens[i%cols].Bytes),
			"rank":      strconv.Itoa(k + 1),
			"ties":      "",
			"id":        strconv.FormatInt(r.TopIDs[n], 10),
			"piece":     visible.Escape(r.Pieces[r.TopIDs[n]].Bytes),
			"logit":     string(appendFloat(nil, r.TopLogits[n])),
			"prob":      string(appendFloat(nil, r.TopProbs[n])),
			"logprob":   "",
			"entropy":   string(appendFloat(nil, r.Entropy[i])),
			"logsumexp": string(appendFloat(nil, r.LogSumExp[i])),
			"kl":        string(appendFloat(nil, r.KL[i])),
			"agree":     strconv.FormatBool(r.Agree[i]),
		} {
			if l[head] != want {
				t.Fatalf("line %d: %s is %q, want %q", n, head, l[head], want)
			}
		}
		n++
	}
	if n != len(r.TopIDs) {
		t.Errorf("%d lines of candidates, want %d", n, len(r.TopIDs))
	}
}

// Every target has its line, next tokens and words alike, also words at a
// position that was not read.
func TestCSVTargets(t *testing.T) {
	apart := madeup.Plain()
	apart.Positions = apart.Positions[:2]
	apart.TopIDs, apart.TopLogits, apart.TopProbs = nil, nil, nil
	apart.Entropy, apart.LogSumExp, apart.KL, apart.Agree = nil, nil, nil, nil
	for name, r := range map[string]*lens.Result{"next": madeup.Hard(), "words": madeup.Plain(), "apart": apart} {
		tg := r.Targets
		want := 0
		for i := range tg.Rank {
			if tg.Rank[i] > 0 {
				want++
			}
		}
		n := 0
		for _, l := range table(t, r) {
			if l["kind"] != "target" {
				continue
			}
			for n < len(tg.Rank) && tg.Rank[n] == 0 {
				n++ // no target here
			}
			q := n / tg.N % len(tg.Positions)
			id := tg.IDs[n%tg.N]
			if tg.Next {
				id = tg.IDs[q]
			}
			entropy := ""
			if name != "apart" {
				entropy = string(appendFloat(nil, r.Entropy[n/tg.N/len(tg.Positions)*len(r.Positions)+tg.Positions[q]]))
			}
			for head, want := range map[string]string{
				"row": strconv.Itoa(n / tg.N / len(tg.Positions)), "position": strconv.Itoa(tg.Positions[q]),
				"id": strconv.FormatInt(id, 10), "rank": strconv.FormatInt(tg.Rank[n], 10), "ties": strconv.FormatInt(tg.Ties[n], 10),
				"prob": string(appendFloat(nil, tg.Prob[n])), "logprob": string(appendFloat(nil, tg.LogProb[n])), "logit": "",
				"token": visible.Escape(r.Tokens[tg.Positions[q]].Bytes), "entropy": entropy,
			} {
				if l[head] != want {
					t.Fatalf("%s: target %d: %s is %q, want %q", name, n, head, l[head], want)
				}
			}
			n++
			want--
		}
		if want != 0 {
			t.Errorf("%s: %d lines of targets too few", name, want)
		}
	}
}

func TestCSVOfSeveral(t *testing.T) {
	a, b := madeup.Plain(), madeup.Plain()
	a.Name, b.Name = "a", "b"
	lines := table(t, a, b)
	if len(lines)%2 != 0 || lines[0]["name"] != "a" || lines[len(lines)/2]["name"] != "b" {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0]["name"], lines[len(lines)-1]["name"])
	}
}

func TestPositionOutsidePrompt(t *testing.T) {
	r := madeup.Plain()
	r.Positions[3] = 99
	if _, err := Lens(r); err == nil || !strings.Contains(err.Error(), "position 99") {
		t.Errorf("a position outside the prompt: %v", err)
	}
}
