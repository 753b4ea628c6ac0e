// Which instruction sets x3 runs on.
#include <cstddef>

#include "kernel.h"
#include "x3_trial.h"

extern const golens_kernel golens_x3_emulated_pairs, golens_x3_emulated_tiles;

#if defined(__x86_64__) && __GNUC__ >= 11
extern const golens_kernel golens_x3_bf16;
#if defined(__linux__)
extern const golens_kernel golens_x3_amx;
#endif

static bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

static const golens_kernel *const *found() {
  static const golens_kernel *there[3] = {};
  static const bool looked = [] {
    int n = 0;
#if defined(__linux__)
    if (has_avx512() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && golens_tiles_as_defined())
      there[n++] = &golens_x3_amx;
#endif
    if (has_avx512() && __builtin_cpu_supports("avx512bf16") && golens_pairs_as_defined()) there[n++] = &golens_x3_bf16;
    return true;
  }();
  (void)looked;
  return there;
}
#else
static const golens_kernel *const *found() {
  static const golens_kernel *there[3] = {};
  return there;
}
#endif

const golens_kernel *golens_x3_at(int i) { return i >= 0 && i < 3 ? found()[i] : NULL; }

const golens_kernel *golens_x3_emulated_at(int i) {
  const golens_kernel *all[] = {&golens_x3_emulated_pairs, &golens_x3_emulated_tiles};
  return i >= 0 && i < 2 ? all[i] : NULL;
}
