package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golens/golens/internal/reference"
)

// longWorks are commands that take some seconds with a tiny model.
func longWorks(t *testing.T) map[string][]string {
	dir := t.TempDir()
	var lines, text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "{\"name\": \"p%d\", \"ids\": [%d, 1, 2]}\n", i, i%200)
		fmt.Fprintf(&text, "the cat %d and the dog ", i)
	}
	model := tiny(t)
	return map[string][]string{
		"sweep":   {"sweep", "the cat the cat", "--model", model, "--target", "the", "--metric", "logprob", "--metric", "rank", "--scale", "0:2:0.001"},
		"fast":    {"sweep", "the cat the cat", "--model", model, "--target", "the", "--mode", "fast", "--scale", "0:2:0.0005"},
		"prompts": {"lens", "--model", model, "--prompts", put(t, dir, "p.jsonl", []byte(lines.String())), "--top", "2", "--target", "next"},
		"written": {"generate", "the cat", "--model", model, "--max-new", "50", "--temperature", "0.9", "--seed", "3", "--target", "next", "--hidden", "--positions", "0"},
		"text":    {"lens", "--model", model, "--file", put(t, dir, "t.txt", []byte(text.String())), "--chunk", "8"},
	}
}

// TestKill kills each of them at random moments until it comes to its end: the results are
// those of a run that nobody killed, to the last byte, and nothing else is left.
func TestKill(t *testing.T) {
	for name, work := range longWorks(t) {
		t.Run(name, func(t *testing.T) {
			// Of four kills two come at a random time and two as soon as more is kept. The last
			// of them comes to a run that was resumed, and so is killed again.
			enough := 4
			if reference.All() {
				enough = 10
			} else if testing.Short() {
				enough = 2
			}
			seed := uint64(time.Now().UnixNano())
			t.Logf("the seed is %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			out := t.TempDir()
			to := func(which string) []string {
				args := append(slices.Clone(work), "--quiet", "--csv", filepath.Join(out, which+".csv"))
				return append(args, "--json", filepath.Join(out, which+".json"), "--npz", filepath.Join(out, which+".npz"))
			}
			kept := filepath.Join(out, "x.json"+checkpointExt)
			began := time.Now()
			if got := finish(t, program(t, to("want")...)); got.code != 0 {
				t.Fatal(got.stderr)
			}
			whole := time.Since(began)
			kills, went := 0, false
			for ended := false; !ended || kills < enough; {
				if ended { // begin another one
					same(t, out)
				}
				cmd := program(t, append(to("x"), "--resume")...)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() { done <- cmd.Wait() }()
				// Every other kill comes at a random time, the others once more is kept.
				kill := time.After(time.Duration(float64(whole) * (0.3 + 0.6*random.Float64())))
				if kills >= enough {
					kill = nil // to its end
				} else if kills%2 == 1 {
					kill = grown(done, kept, size(kept)+2000)
				}
				select {
				case err := <-done:
					if ended = err == nil; !ended {
						t.Fatalf("%v: %s", err, stderr.String())
					}
				case <-kill:
					cmd.Process.Kill()
					<-done
					ended = false
					kills++
				}
				went = went || size(kept) > 2000
			}
			same(t, out)
			if !went {
				t.Error("no kill left anything to go on with")
			}
		})
	}
}

// size is how many bytes a file has, and 0 where it does not exist.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// grown sends once the file is larger than n bytes. It gives up once ended has something.
func grown(ended <-chan error, path string, n int64) <-chan time.Time {
	c := make(chan time.Time, 1)
	go func() {
		for len(ended) == 0 {
			if size(path) > n {
				c <- time.Now()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return c
}

// same holds that the results x are those called want, and removes them.
func same(t *testing.T, dir string) {
	t.Helper()
	for _, ext := range []string{".csv", ".json", ".npz"} {
		if read(t, filepath.Join(dir, "x"+ext)) != read(t, filepath.Join(dir, "want"+ext)) {
			t.Errorf("x%s has other bytes than the run that nobody killed", ext)
		}
		os.Remove(filepath.Join(dir, "x"+ext))
	}
	for _, n := range files(t, dir) {
		if strings.HasSuffix(n, checkpointExt) || strings.HasSuffix(n, ".new") {
			t.Errorf("left behind: %s", n)
		}
	}
}

// halfSweep leaves the checkpoint of a sweep that was killed, and returns its arguments
// and how many runs were kept.
func halfSweep(t *testing.T, dir string) (args []string, path string) {
	t.Helper()
	path = filepath.Join(dir, "x.json")
	args = []string{"sweep", "the cat the cat", "--model", tiny(t), "--target", "the", "--scale", "0:2:0.0005", "--json", path}
	cmd := program(t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if info, err := os.Stat(path + checkpointExt); err == nil && info.Size() > 5000 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if info, err := os.Stat(path + checkpointExt); err != nil || info.Size() <= 5000 {
		t.Fatalf("nothing was kept: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("the sweep came to its end")
	}
	return args, path
}

// TestResumeRefusals: a checkpoint of another command, of a running one, of somebody else.
func TestResumeRefusals(t *testing.T) {
	dir := t.TempDir()
	args, path := halfSweep(t, dir)
	kept := read(t, path+checkpointExt)
	resume := func(more ...string) outcome {
		return golens(t, append(append(slices.Clone(args), "--resume"), more...)...)
	}
	refused(t, resume("--scale", "3"), 1, "--resume", path+checkpointExt, "another run", "the plan or the prompt")
	refused(t, resume("--threads", "3"), 1, "another run", "the number of threads")
	other := put(t, dir, "model", nil)
	os.Remove(other)
	if err := os.CopyFS(other, os.DirFS(args[3])); err != nil {
		t.Fatal(err)
	}
	weights := []byte(read(t, filepath.Join(other, "model.safetensors")))
	weights[len(weights)-3] ^= 1
	put(t, other, "model.safetensors", weights)
	refused(t, resume("--model", other), 1, "another run", "the weights")

	f, err := os.Open(path + checkpointExt)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	refused(t, resume(), 1, path+checkpointExt, "in use by another process")
	f.Close()
	refused(t, golens(t, "sweep", "the", "--model", args[3], "--zero", "--target", "the", "--resume"), 2, "--resume", "--json FILE")
	if read(t, path+checkpointExt) != kept {
		t.Error("a refusal changed the checkpoint")
	}
	if got := golens(t, append(slices.Clone(args), "--scale", "3", "--quiet")...); got.code != 0 || !strings.Contains(got.stderr, "this run starts again") {
		t.Errorf("without --resume: %+v", got)
	}
	put(t, dir, "x.json"+checkpointExt, []byte("somebody's notes"))
	refused(t, golens(t, args...), 1, "is no checkpoint of golens")
	if got := read(t, path+checkpointExt); got != "somebody's notes" {
		t.Errorf("they became %q", got)
	}
}

// TestResumeFullDisk: where the disk is full, what was kept before stays, and is gone on
// with when there is room.
func TestResumeFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("no disk of one's own: %v", err)
	}
	defer unix.Unmount(disk, 0)
	args, path := halfSweep(t, disk)
	var room unix.Statfs_t
	if err := unix.Statfs(disk, &room); err != nil {
		t.Fatal(err)
	}
	filler := put(t, disk, "filler", make([]byte, int64(room.Bfree)*room.Bsize))
	before, err := os.Stat(path + checkpointExt)
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "--resume", "--quiet")
	got := golens(t, args...)
	refused(t, got, 1, "no space left", "free some space")
	if strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("more than a sentence: %s", got.stderr)
	}
	if after, err := os.Stat(path + checkpointExt); err != nil || after.Size() < before.Size() {
		t.Errorf("the checkpoint has become smaller (%v)", err)
	}
	os.Remove(filler)
	good(t, args...)
	var file struct{ Done [][]bool }
	if err := json.Unmarshal([]byte(read(t, path)), &file); err != nil || slices.ContainsFunc(file.Done, func(row []bool) bool { return slices.Contains(row, false) }) {
		t.Errorf("the sweep is not whole (%v)", err)
	}
}
