// What the Go program asks for when it opens this library.
#include "hook.h"

// The linker keeps this section, and golens reads it from the file before it loads any of it:
// which boundary the library has, and which libtorch's headers it was built with.
#define GOLENS_TEXT_OF(x) #x
#define GOLENS_TEXT(x) GOLENS_TEXT_OF(x)
extern "C" __attribute__((used, section(".golens"))) const char golens_built_with[] =
    "boundary " GOLENS_TEXT(GOLENS_BOUNDARY) "\ntorch " GOLENS_TEXT(GOLENS_TORCH) "\n";

extern "C" __attribute__((visibility("default"))) const golens_table *golens_boundary(golens_go_hook *hook) {
  static const golens_table table = {
#define FALLIBLE(name, params, args) golens_##name,
#define VALUE(type, name, params, args, none) golens_##name,
#define ACTION(name, params, args) golens_##name,
#include "golens.def"
#undef FALLIBLE
#undef VALUE
#undef ACTION
  };
  golens::go_hook = hook;
  return &table;
}
