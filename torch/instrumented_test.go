//go:build race || asan || msan

package torch_test

// instrumented: a sanitizer is at work, whose own memory grows.
const instrumented = true
