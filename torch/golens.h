// The C boundary of golens: all that Go sees of libtorch.
//
// golens.def names its functions. They are defined twice: by the shim, a library that is
// built with one libtorch's headers (shim/), and by boundary.c in the Go program, which calls
// the shim's through a table once libtorch is open.
//
// Every function that can fail returns NULL, or a malloc'd message that the
// caller frees: what happened, and after '\x1e' the long trace where there is
// one. Nothing is remembered from one call to the next. C++ keeps no Go
// pointer: a Go hook is known by the number of a cgo.Handle.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct golens_tensor golens_tensor;  // owns one at::Tensor
typedef struct golens_module golens_module;  // owns one torch::jit::Module
typedef struct golens_unit golens_unit;      // the class types of modules built together
typedef struct golens_weight golens_weight;      // a weight matrix as kernels read it
typedef struct golens_products golens_products;  // which modules kernels compute
typedef struct golens_file golens_file;      // a mapped file, kept while a tensor uses it

// A value handed to a method. A list is its head (i = how many) and then its items.
enum { GOLENS_NONE, GOLENS_TENSOR, GOLENS_INT, GOLENS_DOUBLE, GOLENS_BOOL, GOLENS_TENSORS, GOLENS_INTS };
typedef struct {
  int kind;
  int64_t i;
  double d;
  const golens_tensor *t;
} golens_value;

// What a class is made of: a parameter, a child or a plain attribute.
typedef struct {
  const char *name;
  golens_value value;          // parameter (GOLENS_TENSOR) or attribute
  const golens_module *child;  // not NULL: a child, and value is not looked at
} golens_slot;

// One thing that happens at a module while a method runs.
enum { GOLENS_CAPTURE, GOLENS_CALL, GOLENS_GO };
typedef struct {
  const golens_module *at;
  int input;                // 1: on the first argument before it runs, 0: on what it returns
  int kind;
  const golens_module *fn;  // GOLENS_CALL: fn.method(x, values...) takes the place of x
  const char *method;
  int first, count;         // its values in the array beside
  int index;                // GOLENS_CAPTURE: where the copy goes; GOLENS_GO: the hook's number
} golens_step;

// Runs hook number index of the call that go names on x, which it owns from then on; *y takes
// the place of x, or is left NULL.
typedef char *golens_go_hook(uintptr_t go, int index, golens_tensor *x, golens_tensor **y);

#define FALLIBLE(name, params, args) char *golens_##name params;
#define VALUE(type, name, params, args, none) type golens_##name params;
#define ACTION(name, params, args) void golens_##name params;
#include "golens.def"
#undef FALLIBLE
#undef VALUE
#undef ACTION

// The same functions as one value, which is all that the Go program asks of a shim: its
// golens_boundary() returns it, and takes what Go's hooks are called by.
typedef struct golens_table {
#define FALLIBLE(name, params, args) char *(*name) params;
#define VALUE(type, name, params, args, none) type(*name) params;
#define ACTION(name, params, args) void (*name) params;
#include "golens.def"
#undef FALLIBLE
#undef VALUE
#undef ACTION
} golens_table;
typedef const golens_table *golens_boundary_function(golens_go_hook *hook);

#ifdef __cplusplus
}
#endif
