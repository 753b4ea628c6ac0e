package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/selftest"
)

// archiveOf has the default model exported once for a test.
func archiveOf(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.pt")
	out := good(t, "model", "export", path)
	if !strings.Contains(out, "_set_graph_executor_optimize(False)") {
		t.Errorf("export does not say what Python needs: %q", out)
	}
	return path
}

// TestArchiveCommands: an archive gives every command what its folder gives.
func TestArchiveCommands(t *testing.T) {
	path := archiveOf(t)
	if got := files(t, filepath.Dir(path)); !slices.Equal(got, []string{"m.pt", "m.pt.json"}) {
		t.Errorf("export left %v", got)
	}
	for _, args := range [][]string{
		{"lens", "Are cats good?", "--top", "2", "--layers", "0,2.."},
		{"lens", "Are cats good?", "--lens", "normed", "--target", "next"},
		{"lens", "Are cats good?", "--at", "resid_mid", "--top", "1"},
		{"lens", "Are cats good?", "--scale", "h.1=0.5", "--zero", "transformer.h.0.attn", "--lens", "raw"},
		{"tokens", "Are cats good?"},
	} {
		own := good(t, args...)
		if got := good(t, append(args, "--model", path)...); withoutName(got) != withoutName(own) {
			t.Errorf("%q of the archive:\n%s\nof the model:\n%s", args, got, own)
		}
	}
	var own, got modelInfo
	for _, c := range []struct {
		info *modelInfo
		args []string
	}{{&own, nil}, {&got, []string{path}}} {
		if err := json.Unmarshal([]byte(good(t, append([]string{"model", "info", "--json"}, c.args...)...)), c.info); err != nil {
			t.Fatal(err)
		}
	}
	if got.Family != own.Family || got.Blocks != own.Blocks || got.Heads != own.Heads || got.Context != own.Context || got.Vocab != own.Vocab ||
		got.Tied != own.Tied || got.Unique != own.Unique || got.Modules != own.Modules || got.TokenSum != own.TokenSum {
		t.Errorf("info of the archive %+v, of the model %+v", got, own)
	}
}

// withoutName drops the first line of a lens, which has the model's name in it.
func withoutName(out string) string {
	if strings.HasPrefix(out, "position") {
		return out
	}
	_, rest, _ := strings.Cut(out, "\n")
	return rest
}

// TestImportCommand goes to a folder and back.
func TestImportCommand(t *testing.T) {
	path := archiveOf(t)
	dir := filepath.Join(t.TempDir(), "folder")
	good(t, "model", "import", path, dir)
	if got := files(t, dir); !slices.Equal(got, []string{"config.json", "merges.txt", "model.safetensors", "vocab.json"}) {
		t.Errorf("the folder holds %v", got)
	}
	if own, got := good(t, "lens", "Are cats good?"), good(t, "lens", "Are cats good?", "--model", dir); withoutName(got) != withoutName(own) {
		t.Errorf("the lens of the folder:\n%s\nof the model:\n%s", got, own)
	}
	if got := files(t, filepath.Dir(dir)); len(got) != 1 {
		t.Errorf("import left %v", got)
	}
}

// TestOwnTokenizer: a tokenizer that is not GPT-2's goes with the archive.
func TestOwnTokenizer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	good(t, "model", "import", archiveOf(t), dir)
	merges, err := os.ReadFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(merges)), "\n")
	slices.Reverse(lines[len(lines)-2:]) // the order of the last two merges
	put(t, dir, "merges.txt", []byte(strings.Join(lines, "\n")+"\n"))
	path := filepath.Join(t.TempDir(), "m.pt")
	good(t, "model", "export", path, "--model", dir)
	if got := files(t, filepath.Dir(path)); !slices.Equal(got, []string{"m.pt", "m.pt.json", "m.tokenizer"}) {
		t.Fatalf("export left %v", got)
	}
	want, err := token.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(path, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got, err := m.Tokenizer(); err != nil || got.Digest() != want.Digest() {
		t.Errorf("the archive's tokenizer is another (%v)", err)
	}
}

// TestArchiveMistakes: what is wrongly asked is status 2, what is broken 1.
func TestArchiveMistakes(t *testing.T) {
	path := archiveOf(t)
	broken := put(t, t.TempDir(), "broken.pt", []byte("PK\x03\x04 and no more"))
	sidecar := put(t, t.TempDir(), "s.pt", nil)
	if data, err := os.ReadFile(path); err != nil || os.WriteFile(sidecar, data, 0o644) != nil {
		t.Fatal(err)
	}
	put(t, filepath.Dir(sidecar), "s.pt.json", []byte(`{"format": "another"}`))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "cannot be eager", []string{"lens", "x", "--model", path, "--attention", "eager"}},
		{0, "", []string{"lens", "x", "--model", path, "--attention", "sdpa"}},
		{2, "is none", []string{"lens", "x", "--norm", "ln_f"}},
		{1, "no module nowhere", []string{"lens", "x", "--model", path, "--norm", "nowhere"}},
		{1, "not a whole zip file", []string{"lens", "x", "--model", broken}},
		{1, `has the format "another"`, []string{"lens", "x", "--model", sidecar}},
		{1, "there is no file nowhere.pt", []string{"lens", "x", "--model", "nowhere.pt"}},
		{2, "name one file", []string{"model", "export"}},
		{2, "ends in .pt", []string{"model", "export", "out.onnx"}},
		{2, "already", []string{"model", "export", filepath.Join(t.TempDir(), "b.pt"), "--model", path}},
		{2, "written from the CPU", []string{"model", "export", "out.pt", "--device", "cuda"}},
		{1, "no such file", []string{"model", "export", filepath.Join(t.TempDir(), "none", "b.pt")}},
		{2, "name an archive and a folder", []string{"model", "import", path}},
		{1, "is not empty", []string{"model", "import", path, filepath.Dir(path)}},
		{1, "no TorchScript archive", []string{"model", "import", t.TempDir(), filepath.Join(t.TempDir(), "x")}},
		{1, "folder", []string{"lens", "x", "--model", path, "--tokenizer", filepath.Join(t.TempDir(), "folder")}},
	} {
		got := golens(t, c.args...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) {
			t.Errorf("golens %q: status %d, want %d; %q, want %q", c.args, got.code, c.code, got.stderr, c.want)
		}
	}
}

// TestDoctor: the default model is well, in words and in JSON.
func TestDoctor(t *testing.T) {
	var r doctorReport
	if err := json.Unmarshal([]byte(good(t, "doctor", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range r.Checks {
		seen[k.Name] = true
		if k.Status == selftest.Fail || k.Status == selftest.Warn && k.Remedy == "" || k.Text == "" {
			t.Errorf("%+v", k)
		}
	}
	for _, name := range []string{"libtorch", "processor", "threads", "variables", "cuda", "fonts", "model", "products", "placement",
		"last row", "two runs", "parts", "hooks", "tokenizer"} {
		if !seen[name] {
			t.Errorf("no line tells of %s", name)
		}
	}
	if got := good(t, "doctor"); strings.Count(got, "\n") < len(r.Checks) || !strings.Contains(got, "ok    last row") {
		t.Errorf("in words:\n%s", got)
	}
}

// TestDoctorFails: an archive whose weights are not its sidecar's, and a model that does not open.
func TestDoctorFails(t *testing.T) {
	path := archiveOf(t)
	side, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(side, &fields); err != nil {
		t.Fatal(err)
	}
	fields["weights_sha256"] = strings.Repeat("0", 64)
	if side, err = json.Marshal(fields); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Dir(path), "m.pt.json", side)
	for _, c := range []struct{ model, want string }{{path, "fail  weights"}, {filepath.Join(t.TempDir(), "none.pt"), "fail  model"}} {
		got := golens(t, "doctor", "--model", c.model)
		if got.code != exitDiffers || !strings.Contains(got.out, c.want) || !strings.Contains(got.stderr, "a check failed") {
			t.Errorf("status %d, want %d; %s%s, want %q", got.code, exitDiffers, got.out, got.stderr, c.want)
		}
	}
	if got := golens(t, "doctor", "--threads", "0"); got.code != exitUsage {
		t.Errorf("a mistake in the call gives status %d", got.code)
	}
}
