package libtorch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// A small shim: it includes a header of libtorch, calls a function of it, and says what it was
// built with.
const smallShim = `#include <torch/script.h>
extern "C" int golens_fake(void);
extern "C" __attribute__((visibility("default"))) int golens_try(void) { return GOLENS_FAKE + golens_fake(); }
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
extern "C" __attribute__((used, section(".golens"))) const char built_with[] = "boundary " TEXT(GOLENS_BOUNDARY) "\ntorch " TEXT(GOLENS_TORCH) "\n";
`

func smallSources(text string) Sources {
	return Sources{FS: fstest.MapFS{"shim/try.cc": {Data: []byte(text)}, "try.h": {Data: []byte("// none\n")}}}
}

// inCache has golens's cache in a folder of the test's own.
func inCache(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

// TestBuildShim builds a shim once, finds it again, and another one for other sources, another
// minor version and a development build; not for another patch or build.
func TestBuildShim(t *testing.T) {
	inCache(t)
	base := t.TempDir()
	sources := smallSources(smallShim)
	paths := map[string]string{}
	for _, version := range []string{"2.11.0+cu130", "2.11.1+cpu", "2.12.0", "2.13.0a0+git70d99e9"} {
		in, err := Inspect(fake{version: version}.write(t, filepath.Join(base, "a place, with: odd \"names\"", version, "torch")))
		if err != nil {
			t.Fatal(err)
		}
		if version != "2.11.1+cpu" {
			if e := new(ShimError); !errors.As(second(sources.FindShim(in)), &e) || e.Install != in {
				t.Errorf("%s: before it is built: %v", version, second(sources.FindShim(in)))
			}
		}
		told, last := 0, 0
		shim, err := sources.BuildShim(context.Background(), in, func(done, of int) { told, last = told+1, of-done })
		if err != nil {
			t.Fatal(err)
		}
		if built := version != "2.11.1+cpu"; (told > 0) != built || last != 0 {
			t.Errorf("%s: progress was told %d times, and %d steps were left", version, told, last)
		}
		if found, err := sources.FindShim(in); err != nil || *found != *shim {
			t.Errorf("%s: found %v, %v", version, found, err)
		}
		paths[in.Minor()] = shim.Path
	}
	if len(paths) != 3 || paths["2.11"] == paths["2.12"] || paths["2.13.0a0"] == "" {
		t.Errorf("shims: %v", paths)
	}
	in, err := Inspect(filepath.Join(base, "a place, with: odd \"names\"", "2.12.0", "torch"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := smallSources(smallShim + "// another\n").FindShim(in); err == nil {
		t.Error("the shim of other sources was found")
	}
	// What a killed build has left goes with the next build, and that of a running one stays.
	cache, _ := Cache()
	old, running := filepath.Join(cache, "shims", ".building-1"), filepath.Join(cache, "shims", ".building-2")
	mkdir(t, old)
	mkdir(t, running)
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := smallSources(smallShim+"// a third\n").BuildShim(context.Background(), in, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(running); err != nil {
		t.Error(err)
	}
	os.Remove(running)
	if left, _ := filepath.Glob(filepath.Join(cache, "shims", ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func second[T any](_ T, err error) error { return err }

// TestBuildShimFails: a mistake in the sources, no headers, no compiler, an interruption.
func TestBuildShimFails(t *testing.T) {
	inCache(t)
	write := func() *Install {
		in, err := Inspect(fake{version: "2.11.0"}.write(t, filepath.Join(t.TempDir(), "torch")))
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	fails := func(ctx context.Context, in *Install, s Sources, want string) {
		t.Helper()
		if _, err := s.BuildShim(ctx, in, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	fails(context.Background(), write(), smallSources("this is no C++\n"), "try.cc:1:1: error: ")
	bare := write()
	os.RemoveAll(bare.Include())
	fails(context.Background(), bare, smallSources(smallShim), "include/ATen/ATen.h: no such file")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	fails(cancelled, write(), smallSources(smallShim), "context canceled")
	t.Setenv("CXX", "no-such-compiler")
	fails(context.Background(), write(), smallSources(smallShim), "the compiler no-such-compiler is not there")
	cache, _ := Cache()
	if left, _ := os.ReadDir(filepath.Join(cache, "shims")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestShimRefused: files under a shim's name that must not be loaded are told by their content.
func TestShimRefused(t *testing.T) {
	inCache(t)
	sources := smallSources(smallShim)
	in, err := Inspect(fake{version: "2.11.0"}.write(t, filepath.Join(t.TempDir(), "torch")))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Inspect(fake{version: "2.12.0"}.write(t, filepath.Join(t.TempDir(), "torch")))
	if err != nil {
		t.Fatal(err)
	}
	build := func(s Sources, in *Install) []byte {
		shim, err := s.BuildShim(context.Background(), in, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(shim.Path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good := build(sources, in)
	shim, err := sources.FindShim(in)
	if err != nil {
		t.Fatal(err)
	}
	mainframe := append([]byte(nil), good...)
	mainframe[18] = 22 // EM_S390 as e_machine
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"that of another libtorch": {build(sources, other), "was built for libtorch 2.12"},
		"that of other sources":    {build(smallSources(smallShim+"// another\n"), in), "has the boundary "},
		"half a file":              {good[:len(good)/2], "half a download"},
		"an empty file":            {nil, "half a download"},
		"another processor":        {mainframe, "EM_S390"},
		"a library of others":      {mustRead(t, filepath.Join(in.Lib(), "libc10.so")), "is no shim of golens"},
		"a text":                   {[]byte("#!/bin/sh\n"), "half a download"},
	} {
		if err := os.WriteFile(shim.Path, c.data, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := sources.FindShim(in)
		if e := new(ShimError); !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), shim.Path) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		// Building again cures it.
		if _, err := sources.BuildShim(context.Background(), in, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFits compares a shim with what the loaded libtorch says of itself.
func TestFits(t *testing.T) {
	s := &Shim{Path: "x.so", Torch: "2.11"}
	for _, c := range []struct {
		number uint64
		want   string
	}{
		{0x020b000000000000, ""}, {0x020b010000000000, ""},
		{0x020f000000000000, "is 2.15.0 by its own word, and x.so was built for 2.11"},
		{0x020a000000000000, "is 2.10.0"}, {0, "does not say its version"},
	} {
		if err := s.Fits(c.number); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%x: %v, want %q", c.number, err, c.want)
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
