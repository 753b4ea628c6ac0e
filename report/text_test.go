package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/golden"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/terminal"
)

// meansOfText is a text of two rows in windows of three tokens, with numbers that are
// hard to write.
func meansOfText() *lens.Text {
	return &lens.Text{
		Name: "a,\"b\"\n.txt", Rows: []lens.Row{{Index: 0, Point: "drop", Label: "emb"}, {Index: 12, Point: "ln_f", Label: "L11"}},
		Chunk: 3, Prefix: []int64{50256}, Whole: true, Tokens: 12_345, Windows: 4115, Targets: 12_344, Bytes: 50_000,
		CrossEntropy: []float64{math.Inf(1), 3.0123456789012345}, Entropy: []float64{10, 1.0 / 3}, KL: []float64{math.NaN(), 0}, Agree: []float64{0.1, 1},
		ReciprocalRank: []float64{0.25, 0.5}, Within: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1},
		Quantiles: []int64{1, 2, 31_000, 4, 50_257, 1, 1, 2, 3, 4}, RankCounts: []int64{1, 2, 3, 4, 5, 6}, Bins: 3, Tied: []int64{7, 0}, Bad: []int64{1, 0},
		PlaceCrossEntropy: []float64{1, 2, 3, 4, 5, math.NaN()}, PlaceTargets: []int64{4115, 4115, 4114},
		Warnings: []string{"a warning"}, Manifest: lens.Manifest{Mode: "exact"},
	}
}

// sameFloat compares a float64 with what Python would make of a JSON value.
func sameFloat(got any, want float64) bool {
	text := fmt.Sprint(got)
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && (v == want || math.IsNaN(v) && math.IsNaN(want))
}

func TestTextBundle(t *testing.T) {
	m := meansOfText()
	var b bytes.Buffer
	if err := TextBundle(m).JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	d := json.NewDecoder(&b)
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float64{"cross_entropy": m.CrossEntropy, "entropy": m.Entropy, "kl": m.KL, "agree": m.Agree, "reciprocal_rank": m.ReciprocalRank} {
		list := got[name].([]any)
		for n := range want {
			if !sameFloat(list[n], want[n]) {
				t.Errorf("%s[%d] is %v, want %v", name, n, list[n], want[n])
			}
		}
	}
	if text := fmt.Sprint(got["within"]); text != "[[0.1 0.2 0.3 0.4 0.5] [0.6 0.7 0.8 0.9 1.0]]" {
		t.Errorf("within %s", text)
	}
	if text := fmt.Sprint(got["place_cross_entropy"], got["rank_counts"], got["rows"], got["nan"]); text != "[[1.0 2.0 3.0] [4.0 5.0 NaN]] [[1 2 3] [4 5 6]] [0 12] [1 0]" {
		t.Errorf("arrays %s", text)
	}
	about := got["manifest"].(map[string]any)["text"].(map[string]any)
	if text := fmt.Sprintln(about["name"], about["chunk"], about["prefix"], about["whole"], about["tokens"], about["windows"], about["targets"], about["target_bytes"]); text != "a,\"b\"\n.txt 3 [50256] true 12345 4115 12344 50000\n" {
		t.Errorf("manifest %s", text)
	}
	if row := about["layers"].([]any)[1].(map[string]any); fmt.Sprintln(row["row"], row["point"], row["label"]) != "12 ln_f L11\n" {
		t.Errorf("layers %v", about["layers"])
	}
	// The table of the documentation has what is written, in its order.
	var names []string
	for i, a := range TextBundle(m).Arrays {
		names = append(names, a.Name)
		if kind := fmt.Sprintf("%T", a.Values); kind != "[]"+TextArrays[i].DType || TextArrays[i].Name != a.Name || strings.Count(TextArrays[i].Shape, ",") != len(a.Dims)-1 {
			t.Errorf("%s %s %v is documented as %s %s %s", a.Name, kind, a.Dims, TextArrays[i].Name, TextArrays[i].DType, TextArrays[i].Shape)
		}
	}
	if len(names) != len(TextArrays) {
		t.Errorf("%d arrays, %d documented", len(names), len(TextArrays))
	}
}

// TestTextNPZ has NumPy read the arrays.
func TestTextNPZ(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := meansOfText()
	if err := TextBundle(m).NPZ(f); err != nil {
		t.Fatal(err)
	}
	out := string(python(t, `
import sys, json, numpy as np
z = np.load(sys.argv[1])
for name in ("cross_entropy", "within", "rank_quantiles"):
    print(name, z[name].dtype, z[name].shape, z[name].ravel().tolist())
print(json.loads(str(z["manifest"]))["text"]["tokens"], z["format"])`, path))
	want := fmt.Sprintf("cross_entropy float64 (2,) [inf, %v]\nwithin float64 (2, 5) [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]\nrank_quantiles int64 (2, 5) [1, 2, 31000, 4, 50257, 1, 1, 2, 3, 4]\n12345 golens-text-1\n", m.CrossEntropy[1])
	if out != want {
		t.Errorf("NumPy reads\n%swant\n%s", out, want)
	}
}

func TestTextCSV(t *testing.T) {
	m := meansOfText()
	var b bytes.Buffer
	if err := TextCSV(&b, m); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3 || !slices.Equal(rows[0], TextColumns()) {
		t.Fatalf("%v: %v", err, rows)
	}
	want := []string{`a,"b"\n.txt`, "0", "drop", "emb", "12345", "12344", "Infinity", "Infinity", "10.0", "NaN", "0.1", "0.25", "0.1", "0.2", "0.3", "0.4", "0.5", "1", "2", "31000", "4", "50257", "7", "1"}
	if !slices.Equal(rows[1], want) {
		t.Errorf("%q\nwant\n%q", rows[1], want)
	}
	if bits, want := rows[2][7], m.BitsPerByte(1); !sameFloat(bits, want) {
		t.Errorf("%s bits a byte, want %v", bits, want)
	}
}

func TestTextTable(t *testing.T) {
	m := meansOfText()
	var b bytes.Buffer
	if err := (terminal.Terminal{Width: 100}).Table(&b, TextTable(m)); err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "text.txt", b.Bytes())
	m.Whole, m.Prefix, m.Bytes = false, nil, 0
	b.Reset()
	if err := (terminal.Terminal{Width: 100}).Table(&b, TextTable(m)); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "where it was stopped") || strings.Contains(s, "in front of") || strings.Contains(s, "a byte") {
		t.Errorf("%s", s)
	}
}

// TestTextFigure: the lines of the figure hold the means; a text of windows of one token
// has no places.
func TestTextFigure(t *testing.T) {
	m := meansOfText()
	f := TextFigure(m)
	if len(f.Panels) != 3 {
		t.Fatalf("%d panels", len(f.Panels))
	}
	nats := f.Panels[0].(*figure.Axes)
	if l := nats.Marks[1].(*figure.Line); l.Label != "entropy" || !slices.Equal(l.Y, m.Entropy) || !slices.Equal(l.X, []float64{0, 1}) {
		t.Errorf("%+v", l)
	}
	if l := f.Panels[1].(*figure.Axes).Marks[0].(*figure.Line); l.Label != "next token within 10" || !slices.Equal(l.Y, []float64{0.3, 0.8}) {
		t.Errorf("%+v", l)
	}
	if l := f.Panels[2].(*figure.Axes).Marks[1].(*figure.Line); l.Label != "emb" || !slices.Equal(l.Y, []float64{1, 2, 3}) {
		t.Errorf("%+v", l)
	}
	for _, format := range figure.Formats {
		var b bytes.Buffer
		if err := figure.Write(&b, format, f, figure.Options{}); err != nil || b.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", format, b.Len(), err)
		}
	}
	m.Chunk = 1
	if n := len(TextFigure(m).Panels); n != 2 {
		t.Errorf("%d panels of windows of one token", n)
	}
}

// TestTextPlaces: places are drawn in groups, each place by its number of targets.
func TestTextPlaces(t *testing.T) {
	m := meansOfText()
	m.Chunk, m.PlaceTargets, m.PlaceCrossEntropy = 60, make([]int64, 60), make([]float64, 120)
	for p := range 59 {
		m.PlaceTargets[p], m.PlaceCrossEntropy[p], m.PlaceCrossEntropy[60+p] = int64(1+p%2), float64(p), 1
	}
	m.PlaceCrossEntropy[59] = math.NaN()
	l := textPlaces(m).Marks[0].(*figure.Line)
	if len(l.X) != 30 || l.X[0] != 0.5 || l.Y[0] != 2.0/3 || l.X[29] != 58.5 || l.Y[29] != 58 {
		t.Errorf("%d dots: %v %v", len(l.X), l.X, l.Y)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 50_257: "50,257", 1_234_567: "1,234,567", -123: "-123", -1234: "-1,234"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}
