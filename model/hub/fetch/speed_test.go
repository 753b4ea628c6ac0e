package fetch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/golens/golens/internal/fakehub"
)

// TestSpeed measures the time of a whole process that fetches 500 MB, checksum included. curl
// fetches the same bytes beside it and checks nothing. It runs where GOLENS_FETCH_SPEED names a
// golens program.
//
//	GOLENS_FETCH_SPEED=$PWD/bin/golens go test ./model/hub/fetch -run TestSpeed -v
func TestSpeed(t *testing.T) {
	program := os.Getenv("GOLENS_FETCH_SPEED")
	if program == "" {
		t.Skip("GOLENS_FETCH_SPEED does not name a program")
	}
	const size = 500_000_000
	h := fakehub.Start(t)
	files := map[string][]byte{"config.json": []byte(`{"model_type": "gpt2", "n_layer": 1}`), "model.safetensors": noise(1, size)}
	commit := h.Add("org/name", files)
	url := fmt.Sprintf("%s/org/name/resolve/%s/model.safetensors", h.URL(), commit)
	for _, rate := range []int{0, 125_000_000} { // what the loopback gives, and a gigabit a second
		h.Fault = func(r *fakehub.Request) *fakehub.Fault {
			if rate == 0 || r.Server != "cdn" {
				return nil
			}
			began, sent := time.Now(), 0
			return &fakehub.Fault{Each: func() {
				time.Sleep(time.Duration(float64(sent)/float64(rate)*1e9) - time.Since(began))
				sent += 64 << 10
			}}
		}
		var ours, curls []float64
		cpu := map[*[]float64]time.Duration{}
		for range 5 {
			dir := t.TempDir()
			for _, run := range []struct {
				cmd *exec.Cmd
				to  *[]float64
			}{
				{exec.Command("curl", "-sSL", "-o", filepath.Join(dir, "file"), url), &curls},
				{exec.Command(program, "model", "fetch", "org/name"), &ours},
			} {
				run.cmd.Env = append(os.Environ(), "HF_ENDPOINT="+h.URL(), "HF_HUB_CACHE="+filepath.Join(dir, "hub"), "HF_HUB_OFFLINE=")
				began := time.Now()
				if out, err := run.cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s, %v", out, err)
				}
				*run.to = append(*run.to, time.Since(began).Seconds())
				cpu[run.to] += run.cmd.ProcessState.UserTime() + run.cmd.ProcessState.SystemTime()
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(ours)
		slices.Sort(curls)
		t.Logf("at %d bytes a second (0: no limit): golens %.3f s, curl %.3f s, ratio %.3f; all: %.3f, %.3f; processor: %v, %v", rate, ours[2], curls[2], ours[2]/curls[2], ours, curls, cpu[&ours]/5, cpu[&curls]/5)
	}
}
