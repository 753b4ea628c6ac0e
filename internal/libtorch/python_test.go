package libtorch

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestTorchBeside: what an interpreter would import, told from the files around it.
func TestTorchBeside(t *testing.T) {
	base := t.TempDir()
	at := func(path string) string { return filepath.Join(base, path) }
	torch := func(path string) string { // a package, which has a version
		writeFile(t, at(path+"/version.py"), "__version__ = '2.11.0'\n")
		return at(path)
	}
	link := func(to, path string) string {
		mkdir(t, filepath.Dir(at(path)))
		if err := os.Symlink(to, at(path)); err != nil {
			t.Fatal(err)
		}
		return at(path)
	}
	writeFile(t, at("usr/bin/python3.11"), "")
	system := link("python3.11", "usr/bin/python3")
	debian := torch("usr/lib/python3/dist-packages/torch")
	mkdir(t, at("usr/lib/python3.11/site-packages/torch")) // a mere folder

	venv := link(system, "venv/bin/python3")
	writeFile(t, at("venv/pyvenv.cfg"), "")
	inVenv := torch("venv/lib/python3.11/site-packages/torch")
	bare := link(system, "bare/bin/python3") // a venv does not see the system's packages
	writeFile(t, at("bare/pyvenv.cfg"), "")

	writeFile(t, at("conda/bin/python3.12"), "")
	conda := link("python3.12", "conda/bin/python3")
	inConda := torch("conda/lib/python3.12/site-packages/torch")
	torch("conda/lib/python3.13/site-packages/torch") // of another interpreter there

	writeFile(t, at("pyenv/shims/python3"), "#!/usr/bin/env bash\n")
	writeFile(t, at("pyenv/version"), "3.11.7\n3.12\n")
	writeFile(t, at("pyenv/versions/3.11.7/bin/python3"), "")
	writeFile(t, at("pyenv/versions/3.12.4/bin/python3"), "")
	of311 := torch("pyenv/versions/3.11.7/lib/python3.11/site-packages/torch")
	of312 := torch("pyenv/versions/3.12.4/lib/python3.12/site-packages/torch")
	user := torch("home/.local/lib/python3.11/site-packages/torch")
	path := torch("extra/torch")

	for _, c := range []struct {
		name, python string
		env          map[string]string
		want         string
	}{
		{"the system's", system, nil, debian},
		{"the user's before the system's", system, map[string]string{"HOME": at("home")}, user},
		{"PYTHONPATH before all", venv, map[string]string{"PYTHONPATH": at("nowhere") + ":" + at("extra")}, path},
		{"a virtual environment", venv, map[string]string{"HOME": at("home")}, inVenv},
		{"one without torch", bare, map[string]string{"HOME": at("home")}, ""},
		{"conda", conda, nil, inConda},
		{"pyenv's choice", at("pyenv/shims/python3"), nil, of311},
		{"pyenv's variable, a part of the version", at("pyenv/shims/python3"), map[string]string{"PYENV_VERSION": "3.12"}, of312},
		{"no program", "", nil, ""},
		{"a program that is not there", at("nowhere/bin/python3"), nil, ""},
	} {
		got, err := torchBeside(c.python, func(name string) string { return c.env[name] })
		if got != c.want || (c.want == "") != errors.Is(err, errNoTorch) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}
