package proc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestField(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cpuinfo")
	if err := os.WriteFile(path, []byte("processor\t: 0\nmodel name\t: Some: CPU \nmodel name\t: other\nMemAvailable:     12 kB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"model name": "Some: CPU", "MemAvailable": "12 kB", "model": "", "Some": ""} {
		if got, ok := field(path, key); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", key, got, ok, want)
		}
	}
	if got, ok := field(filepath.Join(t.TempDir(), "none"), "model name"); ok || got != "" {
		t.Errorf("a file that is not there has %q", got)
	}
}

// The test program itself, whose path the system tells, is mapped.
func TestMapped(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := Mapped(filepath.Base(self)); got != self {
		t.Errorf("mapped at %q, want %q", got, self)
	}
	if got := Mapped("libnone.so"); got != "" {
		t.Errorf("a library that is not there is at %q", got)
	}
}

func TestMachine(t *testing.T) {
	if n, ok := Available(); !ok || n < 1<<20 || n%1024 != 0 {
		t.Errorf("%d bytes are available, %v", n, ok)
	}
	if name := CPU(); name == "" || strings.TrimSpace(name) != name {
		t.Errorf("the CPU is called %q", name)
	}
}
