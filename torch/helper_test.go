package torch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/torch"
)

// balanced fails the test if it ends with more or fewer live objects than now.
func balanced(t *testing.T) {
	t.Helper()
	before := torch.Live()
	t.Cleanup(func() {
		if after := torch.Live(); after != before {
			t.Errorf("%d objects were live before the test, %d are after it", before, after)
		}
	})
}

// bench is where a test keeps what it makes, until it ends.
type bench struct {
	*testing.T
	torch.Scope
}

// work begins a test that must leave nothing behind.
func work(t *testing.T) *bench {
	t.Helper()
	balanced(t)
	b := &bench{T: t}
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *bench) tensor(values []float32, shape ...int64) *torch.Tensor {
	b.Helper()
	return keep(b, must(torch.New(values, shape...))(b))
}

// unit returns an empty unit.
func (b *bench) unit() *torch.Unit {
	b.Helper()
	return must(torch.NewUnit())(b)
}

// define builds a module.
func (b *bench) define(u *torch.Unit, role, source string, slots ...torch.Slot) *torch.Module {
	b.Helper()
	return keep(b, must(u.Define(role, source, slots...))(b))
}

// module builds a module of a unit of its own.
func (b *bench) module(source string, slots ...torch.Slot) *torch.Module {
	b.Helper()
	return b.define(b.unit(), "Module", source, slots...)
}

// one calls a method that returns one tensor of float32, and returns its values.
func (b *bench) one(m *torch.Module, method string, args ...any) []float32 {
	b.Helper()
	out := must(m.Call(method, args...))(b)
	if len(out) != 1 {
		b.Fatalf("%s returned %d tensors", method, len(out))
	}
	return values[float32](b, keep(b, out[0]))
}

func keep[T interface{ Close() error }](b *bench, v T) T { return torch.Keep(&b.Scope, v) }

// must returns the value of a call that may not fail.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func values[T torch.Element](t testing.TB, x *torch.Tensor) []T {
	t.Helper()
	return must(torch.Values[T](x))(t)
}

func equal[T comparable](t testing.TB, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// failed checks that err is a torch.Error whose one-line text has all the parts.
func failed(t testing.TB, err error, parts ...string) *torch.Error {
	t.Helper()
	var e *torch.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of torch", err)
	}
	if text := e.Error(); strings.Contains(text, "\n") || strings.HasSuffix(text, ": ") || e.Msg == "" {
		t.Errorf("the error is no line of text: %q", text)
	}
	for _, p := range parts {
		if !strings.Contains(e.Error(), p) {
			t.Errorf("the error %q does not say %q", e, p)
		}
	}
	return e
}
