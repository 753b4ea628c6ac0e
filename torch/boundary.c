// The functions of golens.def in the Go program: each calls the shim's. The first that can
// fail opens libtorch; those that cannot fail have nothing to work on before that.
#define _GNU_SOURCE  // RTLD_DEFAULT
#include "boundary.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

static const char closed[] = "\x1d";    // the message while libtorch is not open; see errors.go
static const golens_table *table;      // set once, when libtorch is open

static const golens_table *opened(void) { return __atomic_load_n(&table, __ATOMIC_ACQUIRE); }

static const golens_table *open_now(void) {
  const golens_table *t = opened();
  if (__builtin_expect(t == NULL, 0)) {
    golensOpen();  // Go's, which comes back by golens_open_shim
    t = opened();
  }
  return t;
}

#define FALLIBLE(name, params, args)           \
  char *golens_##name params {                 \
    const golens_table *shim = open_now();     \
    return shim ? shim->name args : strdup(closed); \
  }
#define VALUE(type, name, params, args, none) \
  type golens_##name params {                 \
    const golens_table *shim = opened();      \
    return shim ? shim->name args : none;     \
  }
#define ACTION(name, params, args)       \
  void golens_##name params {            \
    const golens_table *shim = opened(); \
    if (shim) shim->name args;           \
  }
#include "golens.def"

// With dlerror's own words where it fails; they are copied, since the next call changes them.
static char *loader(void) {
  const char *why = dlerror();
  return strdup(why ? why : "the loader gives no reason");
}

// Lazily, as the linker would have it: to bind all of libtorch's functions takes 20 ms.
char *golens_load(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_GLOBAL) ? NULL : loader(); }

uint64_t golens_torch_number(void) {
  uint64_t (*number)(void) = (uint64_t(*)(void))dlsym(RTLD_DEFAULT, "aoti_torch_abi_version");
  return number ? number() : 0;
}

char *golens_open_shim(const char *path) {
  void *shim = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!shim) return loader();
  golens_boundary_function *boundary = (golens_boundary_function *)dlsym(shim, "golens_boundary");
  if (!boundary) return loader();
  __atomic_store_n(&table, boundary((golens_go_hook *)golensGoHook), __ATOMIC_RELEASE);
  return NULL;
}

int golens_with_asan(void) {
#ifdef __SANITIZE_ADDRESS__
  return 1;
#else
  return 0;
#endif
}
