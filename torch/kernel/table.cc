// Which instruction sets there are.
#include <cstddef>

#include "kernel.h"

extern const golens_kernel golens_plain;
#if defined(__x86_64__)
extern const golens_kernel golens_avx512, golens_avx2;
#endif

const golens_kernel *golens_kernel_at(int i) {
  const golens_kernel *there[4] = {};
  int n = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    there[n++] = &golens_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) there[n++] = &golens_avx2;
#endif
  there[n++] = &golens_plain;
  return i >= 0 && i < n ? there[i] : NULL;
}

const golens_kernel *golens_kernel_best(void) { return golens_kernel_at(0); }
