//go:build !race && !asan && !msan

package torch_test

const instrumented = false
