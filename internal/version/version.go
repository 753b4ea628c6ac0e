// Package version says which golens this is.
package version

import "runtime/debug"

// Number is the version of the program.
const Number = "0.1.0"

// String returns the version, with the commit it was built from where Go recorded one.
func String() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return Number + "+" + s.Value[:12]
			}
		}
	}
	return Number
}
