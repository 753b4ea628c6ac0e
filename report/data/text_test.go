package data

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

	"github.com/golens/golens/report/internal/madeup"
)

// sameFloat compares a float64 with what Python would make of a JSON value.
func sameFloat(got any, want float64) bool {
	text := fmt.Sprint(got)
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && (v == want || math.IsNaN(v) && math.IsNaN(want))
}

func TestTextBundle(t *testing.T) {
	m := madeup.Text()
	var b bytes.Buffer
	if err := Text(m).Write(&b, JSON, Options{}); err != nil {
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
	for i, a := range Text(m).Arrays {
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
	m := madeup.Text()
	if err := Text(m).Write(f, NPZ, Options{}); err != nil {
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
	m := madeup.Text()
	var b bytes.Buffer
	if err := Text(m).Write(&b, CSV, Options{}); err != nil {
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
