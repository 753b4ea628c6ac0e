// Package clock returns the time, which tests can set.
package clock

import "time"

// Now returns the time. Tests replace it before anything else runs, and restore it.
var Now = time.Now
