// Package clock tells the time to what has to be tested at another time.
package clock

import "time"

// Now returns the time. Tests set it, before anything else runs, and set it back.
var Now = time.Now
