package libtorch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFind walks the order of the search. Each place is a fake tree whose
// version tells which one was taken.
func TestFind(t *testing.T) {
	base := t.TempDir()
	tree := func(name, version string) string {
		return fake{version: version}.write(t, filepath.Join(base, name))
	}
	archive := tree("archive", "2.10.0")
	conda := tree("conda-torch", "2.12.1")
	system := tree("system-torch", "2.13.0")
	old := tree("old-torch", "2.9.1")
	broken := tree("broken-torch", "2.14.0")
	writeFile(t, filepath.Join(broken, "lib/libc10.so"), "")

	python := func(name, torch string) string {
		return filepath.Dir(filepath.Dir(fakePython(t, filepath.Join(base, name, "bin/python3"), torch)))
	}
	condaPrefix := python("conda", conda)
	systemPrefix := python("system", system)
	oldPrefix := python("old", old)
	brokenPrefix := python("broken", broken)
	nonePrefix := python("none", "")

	root := filepath.Join(base, "project")
	own := tree("project/.venv/lib/python3.11/site-packages/torch", "2.11.0")
	newest := tree("project/.venv-newest/lib/python3.11/site-packages/torch", "2.15.0")
	activePrefix := filepath.Join(root, ".venv-newest")
	fakePython(t, filepath.Join(activePrefix, "bin/python3"), newest)
	empty := filepath.Join(base, "empty")

	type vars map[string]string
	tests := []struct {
		name    string
		vars    vars
		root    string
		outside bool
		version string
		want    string   // version found, or
		err     string   // part of the error
		skipped []string // sources passed over
	}{
		{"LIBTORCH before all", vars{"LIBTORCH": archive, "PYTHON": condaPrefix + "/bin/python3", "VIRTUAL_ENV": condaPrefix}, root, false, "", "2.10.0", "", nil},
		{"PYTHON before the environment", vars{"PYTHON": systemPrefix + "/bin/python3", "CONDA_PREFIX": condaPrefix}, root, false, "", "2.13.0", "", nil},
		{"active environment before PATH", vars{"CONDA_PREFIX": condaPrefix, "PATH": systemPrefix + "/bin"}, root, false, "", "2.12.1", "", nil},
		{"PATH before the project", vars{"PATH": nonePrefix + ":" + systemPrefix + "/bin"}, root, false, "", "2.13.0", "", nil},
		{"active environment without torch", vars{"VIRTUAL_ENV": nonePrefix, "PATH": nonePrefix + "/bin:" + systemPrefix + "/bin"}, root, false, "", "2.11.0", "", []string{"$VIRTUAL_ENV"}},
		{"no interpreter", vars{"PATH": empty}, root, false, "", "2.11.0", "", []string{"python3 on PATH"}},
		{"too old by chance", vars{"VIRTUAL_ENV": oldPrefix, "PATH": systemPrefix + "/bin"}, root, false, "", "2.13.0", "", []string{"$VIRTUAL_ENV"}},
		{"broken by chance", vars{"PATH": brokenPrefix + "/bin"}, root, false, "", "2.11.0", "", []string{"python3 on PATH"}},
		{"another version by chance", vars{"PATH": systemPrefix + "/bin"}, root, false, "2.11.0", "2.11.0", "", []string{"python3 on PATH"}},
		{"project's own, activated", vars{"VIRTUAL_ENV": activePrefix, "PATH": activePrefix + "/bin"}, root, false, "", "2.11.0", "", nil},
		{"too old by name", vars{"PYTHON": oldPrefix + "/bin/python3"}, root, false, "", "", "$PYTHON: " + old + ": version 2.9.1 is too old", nil},
		{"broken by name", vars{"LIBTORCH": broken}, root, false, "", "", "$LIBTORCH: " + broken + ": lib/libc10.so", nil},
		{"without torch by name", vars{"PYTHON": nonePrefix + "/bin/python3"}, root, false, "", "", "no torch in ", nil},
		{"no program by name", vars{"PYTHON": "no-such-python"}, root, false, "", "", "no-such-python does not run", nil},
		{"another version by name", vars{"LIBTORCH": archive}, root, false, "2.11.0", "", "not the 2.11.0 asked for", nil},
		{"own left out", vars{"PATH": empty}, root, true, "", "", "no libtorch was found: run golens setup", nil},
		{"no project", vars{"PATH": oldPrefix + "/bin"}, "", false, "", "", "python3 on PATH: " + oldPrefix + "/lib/python3.11/site-packages/torch: version 2.9.1 is too old", nil},
		{"nothing fetched yet", vars{"PATH": empty}, empty, false, "", "", "the project's .venv: no torch in ", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, err := Find(context.Background(), Env{
				Getenv: func(name string) string { return test.vars[name] },
				Root:   test.root, Outside: test.outside, Version: test.version,
			})
			if test.err != "" {
				var none *NoneError
				text := fmt.Sprint(err)
				if errors.As(err, &none) {
					text += "\n" + none.Places()
				}
				if err == nil || !strings.Contains(text, test.err) {
					t.Fatalf("found %v, error %v, want %q", in, text, test.err)
				}
				if named := test.vars["LIBTORCH"] != "" || test.vars["PYTHON"] != ""; (none != nil) == named {
					t.Errorf("named %v, and yet the error is a %T", named, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var skipped []string
			for _, s := range in.Skipped {
				skipped = append(skipped, s.Source)
			}
			if in.Version != test.want || !slices.Equal(skipped, test.skipped) {
				t.Errorf("found %v, passed over %v", in, in.Skipped)
			}
			if in.Version == "2.11.0" && in.Dir != own {
				t.Errorf("folder %s, want %s", in.Dir, own)
			}
		})
	}
}

func TestFindCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	python := fakePython(t, filepath.Join(t.TempDir(), "python3"), "/nowhere")
	_, err := Find(ctx, Env{Getenv: func(name string) string { return map[string]string{"PATH": filepath.Dir(python)}[name] }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestFromPython(t *testing.T) {
	dir := t.TempDir()
	torch := fake{version: "2.12.0+cpu"}.write(t, filepath.Join(dir, "torch"))
	python := fakePython(t, filepath.Join(dir, "bin/python"), torch)
	t.Chdir(dir)
	in, err := FromPython(context.Background(), "bin/python", "2.12.0")
	if err != nil {
		t.Fatal(err)
	}
	if in.Dir != torch || in.Python != python {
		t.Errorf("got %+v", in)
	}
	if _, err := FromPython(context.Background(), "bin/python", "2.12.0+cu130"); err == nil {
		t.Error("another build than the one asked for was accepted")
	}
}

// TestSkippedEmpty tells a place without torch from a torch that was passed over.
func TestSkippedEmpty(t *testing.T) {
	base := t.TempDir()
	old := fake{version: "2.9.1"}.write(t, filepath.Join(base, "torch"))
	fakePython(t, filepath.Join(base, "old/bin/python3"), old)
	fakePython(t, filepath.Join(base, "none/bin/python3"), "")
	vars := map[string]string{"VIRTUAL_ENV": base + "/old", "CONDA_PREFIX": base + "/none"}
	_, err := Find(context.Background(), Env{Getenv: func(name string) string { return vars[name] }, Root: base})
	var none *NoneError
	if !errors.As(err, &none) {
		t.Fatal(err)
	}
	empty := map[string]bool{"$VIRTUAL_ENV": false, "$CONDA_PREFIX": true, "python3 on PATH": true, "the project's .venv": true}
	if len(none.Skipped) != len(empty) {
		t.Errorf("places: %v", none.Skipped)
	}
	for _, s := range none.Skipped {
		if s.Empty() != empty[s.Source] {
			t.Errorf("%v: Empty is %v", s, s.Empty())
		}
	}
}

func TestVersions(t *testing.T) {
	tests := []struct {
		version, want string
		ok            bool
	}{
		{"2.10.0", "", true},
		{"2.9.1", "", false},
		{"1.13.1+cu117", "", false},
		{"3.0.0", "", true},
		{"2.12.0a0+git1f2", "", true},
		{"2.11.0+cu130", "2.11.0", true},
		{"2.11.0+cu130", "2.11.0+cu130", true},
		{"2.11.0+cu130", "2.11.0+cpu", false},
		{"2.11.0", "2.11", false},
		{"two", "", false},
		{"2", "", false},
		{"", "", false},
	}
	for _, test := range tests {
		err := errors.Join(checkOldest(test.version), (&Install{Version: test.version}).CheckVersion(test.want))
		if (err == nil) != test.ok {
			t.Errorf("%q where %q is wanted: %v", test.version, test.want, err)
		}
	}
}
