package study_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/golens/golens/study"
)

var update = flag.Bool("update", false, "rewrite docs/studies.md")

func TestDocs(t *testing.T) {
	const page = "../docs/studies.md"
	var b bytes.Buffer
	if err := writeDocs(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(page); err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is stale (%v): go test ./study -run TestDocs -update", page, err)
	}
}

func TestFind(t *testing.T) {
	for _, s := range study.Studies {
		if got, err := study.Find(s.Name); got != s || err != nil {
			t.Errorf("%s: %v, %v", s.Name, got, err)
		}
	}
	if _, err := study.Find("lensgrid"); err == nil || err.Error() != `no study is called "lensgrid": there are lens-grid, generation, target-rank, entropy, hidden-states` {
		t.Error(err)
	}
}
