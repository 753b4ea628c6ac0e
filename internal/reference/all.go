package reference

import "os"

// All returns whether $GOLENS_ALL is set: tests then try the whole of tables of which they
// otherwise try a part. The comment beside each such table says what its part proves.
func All() bool { return os.Getenv("GOLENS_ALL") != "" }
