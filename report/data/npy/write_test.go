package npy

import (
	"encoding/binary"
	"strings"
	"testing"
)

// Data begins at a multiple of 64 bytes of its member, and the header's length
// is as it says, for shapes of every length.
func TestNPYHeader(t *testing.T) {
	for _, c := range []struct {
		dims []int
		want string
	}{
		{nil, "'shape': ()"},
		{[]int{7}, "'shape': (7,)"},
		{[]int{13, 14, 5}, "'shape': (13, 14, 5)"},
		{[]int{0, 3}, "'shape': (0, 3)"},
		{[]int{1234567890, 1234567890, 1234567890}, "'shape': (1234567890, 1234567890, 1234567890)"},
	} {
		h := header("<f4", c.dims)
		if len(h)%align != 0 || int(binary.LittleEndian.Uint16(h[8:]))+10 != len(h) || h[len(h)-1] != '\n' {
			t.Errorf("header of %v is %q", c.dims, h)
		}
		if !strings.Contains(string(h), c.want) {
			t.Errorf("header of %v is %q, want %s in it", c.dims, h, c.want)
		}
	}
}
