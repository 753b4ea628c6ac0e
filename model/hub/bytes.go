package hub

import "fmt"

// Bytes formats a number of bytes for people: 548 MB.
func Bytes(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= unit.size {
			value := float64(n) / float64(unit.size)
			if value < 10 {
				return fmt.Sprintf("%.2f %s", value, unit.name)
			}
			if value < 100 {
				return fmt.Sprintf("%.1f %s", value, unit.name)
			}
			return fmt.Sprintf("%.0f %s", value, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
