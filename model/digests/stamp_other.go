//go:build !linux

package digests

import "os"

// StampOf returns false: on this system a file's state is not known, so nothing is remembered.
func StampOf(*os.File) (Stamp, bool) { return Stamp{}, false }

// StampIn returns false, as StampOf.
func StampIn(os.FileInfo) (Stamp, bool) { return Stamp{}, false }
