//go:build !linux

package digests

import "os"

// StampOf returns false: how this system tells a file's state is not known here,
// and so nothing is remembered.
func StampOf(*os.File) (Stamp, bool) { return Stamp{}, false }

// StampIn returns false, as StampOf.
func StampIn(os.FileInfo) (Stamp, bool) { return Stamp{}, false }
