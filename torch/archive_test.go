package torch_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/golens/golens/torch"
)

// TestArchiveOfPython reads what testdata/archive.py wrote.
func TestArchiveOfPython(t *testing.T) {
	b := work(t)
	m := keep(b, must(torch.Load("testdata/archive.pt", torch.CPU))(t))
	x := b.tensor([]float32{1, 10}, 1, 2)
	block := keep(b, must(m.Child("h.0"))(t))
	if err := m.Interpose(); err != nil {
		t.Fatal(err)
	}
	// In use, not in training: there the result would be the offset alone.
	equal(t, "forward", b.one(m, "forward", x), 7, 59)
	out := must(block.Call("forward", x))(t)
	equal(t, "a block's first result", values[float32](t, keep(b, out[0])), 2, 20)
	equal(t, "a block's second result", values[float32](t, keep(b, out[1])), 1, 10)

	parts := must(m.Parts())(t)
	var paths []string
	for _, p := range parts {
		paths = append(paths, append([]string{p.Path}, p.Tensors...)...)
	}
	equal(t, "modules and tensors", paths, "", "offset", "h", "h.0", "h.0.weight", "h.1", "h.1.weight")

	// Blocks that return tuples are hooked at the first element.
	o := keep(b, must(m.CallWith("forward", []torch.Step{{At: block, Func: double}, {At: block, Capture: true}}, x))(t))
	equal(t, "with a hook", values[float32](t, o.Results[0]), 13, 119)
	equal(t, "captured", values[float32](t, o.Captures[1]), 4, 40)
}

// double is a hook that doubles.
func double(x *torch.Tensor) (*torch.Tensor, error) {
	v, err := torch.Values[float32](x)
	if err != nil {
		return nil, err
	}
	for i := range v {
		v[i] *= 2
	}
	return torch.New(v, x.Shape()...)
}

func TestSaveAndLoad(t *testing.T) {
	b := work(t)
	m := tree(b)
	path := filepath.Join(t.TempDir(), "model.pt")
	x := b.tensor([]float32{5}, 1)
	equal(t, "before", b.one(m, "forward", x), 31)
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	again := keep(b, must(torch.Load(path, torch.CPU))(t))
	equal(t, "read back", b.one(again, "forward", x), 31)
	equal(t, "another method", b.one(again, "helper"), 1)
	var paths []string
	for _, p := range must(again.Parts())(t) {
		paths = append(paths, append([]string{p.Path}, p.Tensors...)...)
	}
	equal(t, "parts", paths, "", "shift", "h", "h.0", "h.0.weight", "h.1", "h.1.weight")

	// A second round, and two loaded modules beside each other.
	second := path + "2"
	if err := again.Save(second); err != nil {
		t.Fatal(err)
	}
	twice := keep(b, must(torch.Load(second, torch.CPU))(t))
	equal(t, "read back twice", b.one(twice, "forward", x), 31)
	if err := m.Save(filepath.Join(path, "no", "such.pt")); err == nil {
		t.Error("it could be saved below a file")
	}
}

func TestSaveKeepsTiedWeights(t *testing.T) {
	b := work(t)
	w := b.tensor([]float32{1, 2}, 2)
	u := b.unit()
	part := b.define(u, "Part", "def forward(self) -> Tensor:\n    return self.weight\n", torch.Slot{Name: "weight", Value: w})
	m := b.define(u, "Model", "def forward(self) -> Tensor:\n    return self.weight\n", torch.Slot{Name: "part", Value: part}, torch.Slot{Name: "weight", Value: w})
	path := filepath.Join(t.TempDir(), "model.pt")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	again := keep(b, must(torch.Load(path, torch.CPU))(t))
	p, q := keep(b, must(again.Parameter("weight"))(t)), keep(b, must(again.Parameter("part.weight"))(t))
	if !p.SharesStorage(q) {
		t.Error("tied weights came back as two")
	}
	equal(t, "weight", values[float32](t, q), 1, 2)
}

func TestOrderOfSaveRunAndInterpose(t *testing.T) {
	b := work(t)
	x := b.tensor([]float32{5}, 1)
	path := filepath.Join(t.TempDir(), "model.pt")

	ran := tree(b)
	equal(t, "without hooks", b.one(ran, "forward", x), 31)
	failed(t, ran.Interpose(), "make ready for hooks: this module has already run", "load or build it again")
	child := keep(b, must(ran.Child("h.1"))(t))
	failed(t, child.Interpose(), "already run")
	_, err := ran.CallWith("forward", []torch.Step{{At: child, Capture: true}}, x)
	failed(t, err, "was not made ready for hooks")
	if err := ran.Save(path); err != nil {
		t.Errorf("a module that ran cannot be saved: %v", err)
	}

	ready := tree(b)
	for range 2 { // a second time changes nothing
		if err := ready.Interpose(); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "ready for hooks", b.one(ready, "forward", x), 31)
	if err := ready.Interpose(); err != nil {
		t.Errorf("a module that is ready and ran: %v", err)
	}
	failed(t, ready.Save(path+"2"), "was made ready for hooks and cannot be saved")
	if _, err := os.Stat(path + "2"); err == nil {
		t.Error("a file was left")
	}
	child = keep(b, must(ready.Child("h.1"))(t))
	failed(t, child.Save(path), "cannot be saved")

	// A module whose method a step ran did run.
	step := b.module("def forward(self, x: Tensor) -> Tensor:\n    return x\n")
	keep(b, must(ready.CallWith("forward", []torch.Step{{At: child, Fn: step, Method: "forward"}}, x))(t))
	failed(t, step.Interpose(), "already run")
}

// TestClassesAreApart: what one module of a unit did is nothing to another's class.
func TestClassesAreApart(t *testing.T) {
	b := work(t)
	u := b.unit()
	const text = "def forward(self, x: Tensor) -> Tensor:\n    return x * self.weight\n"
	build := func(role string, w float32) *torch.Module {
		return b.define(u, role, text, torch.Slot{Name: "weight", Value: b.tensor([]float32{w}, 1)})
	}
	x := b.tensor([]float32{5}, 1)
	ran, fresh := build("Ran", 2), build("Fresh", 3)
	equal(t, "ran", b.one(ran, "forward", x), 10)
	if err := fresh.Interpose(); err != nil {
		t.Fatalf("another class of the unit ran, and: %v", err)
	}
	failed(t, build("Ran", 7).Interpose(), "already run") // the same class
	third := build("Fresh", 4)
	o := keep(b, must(third.CallWith("forward", []torch.Step{{At: third, Capture: true}}, x))(t)) // the same class, so ready
	equal(t, "captured", values[float32](t, o.Captures[0]), 20)
	if err := ran.Save(filepath.Join(t.TempDir(), "m.pt")); err != nil {
		t.Errorf("another class of the unit was made ready, and: %v", err)
	}

	// A child from another unit is made ready with its parent, and outlives it.
	child := b.module(text, torch.Slot{Name: "weight", Value: b.tensor([]float32{2}, 1)})
	parent := must(b.unit().Define("Parent", "def forward(self, x: Tensor) -> Tensor:\n    return self.child.forward(x) + 1\n", torch.Slot{Name: "child", Value: child}))(t)
	if err := parent.Interpose(); err != nil {
		t.Fatal(err)
	}
	steps := []torch.Step{{At: child, Func: double}}
	o = keep(b, must(parent.CallWith("forward", steps, x))(t))
	equal(t, "a child of another unit", values[float32](t, o.Results[0]), 21)
	parent.Close()
	o = keep(b, must(child.CallWith("forward", steps, x))(t))
	equal(t, "without its parent", values[float32](t, o.Results[0]), 20)
}

func TestLoadRefuses(t *testing.T) {
	b := work(t)
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.pt")
	if err := tree(b).Save(whole); err != nil {
		t.Fatal(err)
	}
	data := must(os.ReadFile(whole))(t)
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tensors := filepath.Join(dir, "no-such-folder", "x.pt")
	for path, says := range map[string]string{
		filepath.Join(dir, "missing.pt"): "No such file or directory",
		tensors:                          "No such file or directory",
		dir:                              "PytorchStreamReader failed",
		write("empty.pt", nil):           "PytorchStreamReader failed",
		write("text.pt", []byte("this is no archive")):     "PytorchStreamReader failed",
		write("half.pt", data[:len(data)/2]):               "PytorchStreamReader failed",
		write("headless.pt", data[len(data)/2:]):           "PytorchStreamReader failed",
		write("short.pt", data[:len(data)-1]):              "PytorchStreamReader failed",
		write("zip.pt", []byte("PK\x05\x06"+zeros(18))):    "",
		write("large.pt", append(data[:400:400], data...)): "",
	} {
		m, err := torch.Load(path, torch.CPU)
		failed(t, err, "load "+path, says)
		m.Close()
	}
	// Whatever byte is wrong, the process goes on: an error, or a module.
	for i := 0; i < len(data); i += 97 {
		bad := append([]byte(nil), data...)
		bad[i] ^= 0x55
		if m, err := torch.Load(write("bad.pt", bad), torch.CPU); err != nil {
			failed(t, err)
		} else {
			m.Close()
		}
	}
}

func zeros(n int) string { return string(make([]byte, n)) }
