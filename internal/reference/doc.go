// Package reference lets tests compare with PyTorch and Hugging Face
// transformers, live on the same machine.
//
// Bits belong to one CPU, library version and thread count, so no expected
// number is stored: scripts/reference.py computes it when a test asks. One Python
// process serves a whole test binary; it starts at the first request (some
// seconds) and ends with the binary. [Model] makes the random checkpoints that
// are compared, once a machine.
//
// The interpreter is $GOLENS_PYTHON, else .venv/bin/python of the project. Where
// it or its packages are missing the test is skipped, and a line says so beside what go test
// prints (see internal/untested), unless GOLENS_REQUIRE_REFERENCE=1, GOLENS_PYTHON, CI or
// GOLENS_CI is set: then it fails.
package reference
