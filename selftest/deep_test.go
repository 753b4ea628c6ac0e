package selftest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/selftest"
	"github.com/golens/golens/torch"
)

// TestDeep: interventions do to sound models what they must.
func TestDeep(t *testing.T) {
	for _, dir := range []string{"", reference.Model(t, "4x64-untied")} {
		live := torch.Live()
		m, err := builtin.Open(dir, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		checks := selftest.Deep(t.Context(), m)
		if len(checks) != 6 {
			t.Errorf("there are %d checks", len(checks))
		}
		for _, k := range checks {
			if k.Status != selftest.OK || k.Text == "" || k.Remedy != "" {
				t.Errorf("%s: %+v", m.Name, k)
			}
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if checks := selftest.Deep(stopped, m); len(checks) != 1 || checks[0].Status != selftest.Warn {
			t.Errorf("interrupted: %+v", checks)
		}
		m.Close()                            // which packed its weights
		if n := torch.Live() - live; n > 4 { // the modules of actions, of metrics, of sums and of trials stay
			t.Errorf("%d tensors and modules are left", n)
		}
	}
}

// TestDeepBroken: a stream that goes past the block, and an archive that tells little.
func TestDeepBroken(t *testing.T) {
	const run = `y = getattr(self.blocks, "0").forward(x)`
	for _, c := range []struct {
		name, body string
		want       map[string]selftest.Status
		says       string
	}{
		{"a sound one", run, map[string]selftest.Status{"skip": selftest.Warn, "last block": selftest.Warn}, ""},
		{"a way past the block", run + " + x", map[string]selftest.Status{"skip": selftest.Warn, "last block": selftest.Warn, "patch other": selftest.Fail}, "patched at blocks.0"},
	} {
		for _, k := range selftest.Deep(t.Context(), broken(t, c.body, 1)) {
			want := selftest.OK
			if s, ok := c.want[k.Name]; ok {
				want = s
			}
			if k.Status != want || k.Status == selftest.Fail && !strings.Contains(k.Text, c.says) {
				t.Errorf("%s: %+v, want %s", c.name, k, want)
			}
		}
	}
}
