package reference

import "testing"

// Each kind of intervention does what its arithmetic in Go says, at its point; the
// state that is recorded is the changed one.
func TestInterventions(t *testing.T) {
	const T, C = 5, 64
	r := Request{Model: Model(t, "4x64-untied"), IDs: IDs(7, T, 1009)}
	for _, point := range []string{"drop", "h.1", "transformer.h.1", "h.1.attn", "h.1.mlp", "h.1.ln_1", "ln_f"} {
		r.Capture, r.Interventions = []string{point}, nil
		clean := Forward(t, r)
		out := clean["capture."+point].Float32
		value := make([]float32, T*C)
		for i := range value {
			value[i] = float32(i%17) - 8.3
		}
		scaled, added, addedRow := make([]float32, T*C), make([]float32, T*C), make([]float32, T*C)
		for i := range out {
			scaled[i] = out[i] * float32(0.8)
			added[i] = out[i] + value[i]
			addedRow[i] = out[i] + value[i%C]
		}
		for _, c := range []struct {
			name    string
			changes []Intervention
			want    []float32
		}{
			{"scale", []Intervention{Scale(point, 0.8)}, scaled},
			{"zero", []Intervention{Zero(point)}, make([]float32, T*C)},
			{"add", []Intervention{Add(point, value, 1, T, C)}, added},
			{"add a row", []Intervention{Add(point, value[:C], C)}, addedRow},
			{"set", []Intervention{Set(point, value, T, C)}, value},
			{"in order", []Intervention{Zero(point), Add(point, value, T, C)}, value},
		} {
			r.Interventions = c.changes
			got := Forward(t, r)
			name := c.name + " " + point
			Equal(t, name, c.want, got["capture."+point])
			if compare(got["model_logits"].Float32, clean["model_logits"]) == "" {
				t.Errorf("%s: the logits stay", name)
			}
			if row, ok := map[string]int{"drop": 0, "h.1": 2, "transformer.h.1": 2, "ln_f": 4}[point]; ok {
				Equal(t, name+": hidden", c.want, got["hidden"].At(row))
			}
		}
		r.Interventions = []Intervention{Scale(point, 1)}
		got := Forward(t, r)
		EqualArrays(t, "scale by 1 "+point, got["hidden"], clean["hidden"])
		EqualArrays(t, "scale by 1 "+point, got["model_logits"], clean["model_logits"])
	}
}

// Interventions leave the model as it was, also where a request fails half-way.
func TestInterventionsEnd(t *testing.T) {
	r := Request{Model: Model(t, "4x64-untied"), IDs: IDs(8, 4, 1009)}
	clean := Forward(t, r)
	r.Interventions = []Intervention{Scale("h.0", 3), Zero("h.9")}
	fields, err := r.fields("forward", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(t).do(fields); err == nil {
		t.Error("h.9 of a model with 4 blocks was accepted")
	}
	r.Interventions = nil
	EqualArrays(t, "logits", Forward(t, r)["model_logits"], clean["model_logits"])
}

// The lens's own products are not hooked: a change at the head is in the model's
// logits, which are the lens's yardstick, and not in its rows.
func TestInterventionAtHead(t *testing.T) {
	r := Request{Model: Model(t, "4x64-untied"), IDs: IDs(9, 4, 1009), Logits: true}
	clean := Lens(t, r)
	r.Interventions = []Intervention{Scale("lm_head", 2)}
	got := Lens(t, r)
	EqualArrays(t, "logits", got["logits"], clean["logits"])
	EqualArrays(t, "model_logits", got["model_logits"], Array{Shape: []int{4, 1009}, Float32: sum(clean["model_logits"].Float32, clean["model_logits"].Float32)})
	if compare(got["kl"].Float32, clean["kl"]) == "" {
		t.Error("kl is not taken to the model's own output")
	}
}
