package reference

import (
	"archive/zip"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The command line for people gives the arrays that the tests get.
func TestCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("starts another Python process")
	}
	dir := t.TempDir()
	value := make([]float32, 64)
	for i := range value {
		value[i] = float32(i) / 7
	}
	if err := writeNPY(filepath.Join(dir, "v.npy"), value, []int{64}); err != nil {
		t.Fatal(err)
	}
	want := Lens(t, Request{
		Model: Model(t, "4x64-untied"), IDs: []int64{5, 900, 17, 5}, Attention: "eager", Lens: "raw", Top: 4, Logits: true,
		Rows: []int{0, 2, 4}, Positions: []int{1, -1}, Targets: []int64{8, 9}, TargetPositions: []int{-2}, Capture: []string{"h.0"},
		Interventions: []Intervention{Zero("h.0"), Add("h.0", value, 64), Scale("h.1", 0.3)},
	})

	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	python, err := interpreter(folder)
	if err != nil {
		t.Fatal(err)
	}
	npz := filepath.Join(dir, "out.npz")
	args := []string{filepath.Join(folder, "scripts", "reference.py"), "lens", "--model", Model(t, "4x64-untied"), "--npz", npz, "--threads", "1"}
	args = append(args, strings.Fields("--ids 5,900,17,5 --attention eager --lens raw --top 4 --logits --rows 0,2,4 --positions=1,-1")...)
	args = append(args, strings.Fields("--target-ids 8,9 --target-positions -2 --capture h.0 --zero h.0 --scale h.1=0.3")...)
	args = append(args, "--add", "h.0="+filepath.Join(dir, "v.npy"))
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	got := readNPZ(t, npz)
	if len(got) != len(want) {
		t.Errorf("got %d arrays, want %d", len(got), len(want))
	}
	for name, array := range want {
		EqualArrays(t, name, got[name], array)
	}
}

func readNPZ(t *testing.T, file string) Arrays {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	arrays := Arrays{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if arrays[strings.TrimSuffix(f.Name, ".npy")], err = parseNPY(data); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	return arrays
}
