package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/torch"
	"golang.org/x/sys/unix"
)

// TestNoPermission writes where the user may not.
func TestNoPermission(t *testing.T) {
	out := t.TempDir()
	model := tiny(t)
	locked := filepath.Join(out, "locked")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	mine := put(t, out, "mine.json", []byte("before"))
	if err := os.Chmod(mine, 0o444); err != nil {
		t.Fatal(err)
	}
	lib, err := torch.Describe()
	if err != nil {
		t.Fatal(err)
	}
	// The other user has a cache of its own.
	cache := filepath.Join(out, "cache")
	put(t, filepath.Join(cache, "golens", "shims"), filepath.Base(lib.Shim), []byte(read(t, lib.Shim)))
	as := func(args ...string) *exec.Cmd {
		cmd := program(t, args...)
		if os.Geteuid() == 0 { // whom nothing is forbidden
			cmd.Env = append(cmd.Env, asUser+"=65534", "XDG_CACHE_HOME="+cache)
		}
		return cmd
	}
	if os.Geteuid() == 0 {
		// The other user has to reach the model and the folder.
		for _, dir := range []string{out, filepath.Dir(out), model, filepath.Dir(model), filepath.Dir(filepath.Dir(model))} {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := snapshot(t, out)
	refused(t, finish(t, as("lens", "the", "--model", model, "--json", filepath.Join(locked, "x.json"))), 1, "locked/x.json", "permission denied", "may write")
	refused(t, finish(t, as("lens", "the", "--model", model, "--npz", mine)), 1, "mine.json", "permission denied", "may write")
	unchanged(t, out, before)

	weights := filepath.Join(model, "model.safetensors")
	if err := os.Chmod(weights, 0); err != nil {
		t.Fatal(err)
	}
	refused(t, finish(t, as("lens", "the", "--model", model)), 1, "model.safetensors", "permission denied")
}

// TestFullDisk fills a disk of 64 kB.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no disk of one's own: %v", err)
	}
	defer unix.Unmount(disk, 0)
	model := tiny(t)
	for flag, name := range map[string]string{"json": "x.json", "csv": "x.csv", "npz": "x.npz", "plot": "x.svg"} {
		t.Run(flag, func(t *testing.T) {
			before := snapshot(t, disk)
			args := []string{"lens", strings.Repeat("q", tinyContext), "--model", model, "--top", "262", "--" + flag, filepath.Join(disk, name)}
			if flag == "plot" {
				// Its file is small, so the disk is filled before.
				defer os.Remove(put(t, disk, "filler", make([]byte, 60<<10)))
				before = snapshot(t, disk)
			}
			refused(t, golens(t, args...), 1, name, "no space left", "free some space")
			unchanged(t, disk, before)
		})
	}
}
