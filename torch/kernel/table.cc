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

// Runs f, and returns 1 where it throws, which none of the callers may see. What there is
// to throw is that memory is out, and of par, that there are no threads.
template <class F>
static int caught(F f) noexcept {
  try {
    return f();
  } catch (...) {
    return 1;
  }
}

int golens_call_pack(const golens_kernel *s, const golens_matrix *m, float *out, golens_parallel *par) {
  return caught([&] { return s->pack(m, out, par), 0; });
}

int golens_call_linear(const golens_kernel *s, const float *x, int64_t rows, int64_t ldx, const golens_matrix *m, const float *bias,
                       golens_order order, float *y, int64_t ldy, golens_parallel *par) {
  return caught([&] { return s->linear(x, rows, ldx, m, bias, order, y, ldy, par); });
}

int golens_call_dots(const golens_kernel *s, const float *x, int64_t count, int64_t ldx, const golens_matrix *m, const float *bias,
                     golens_order order, const int64_t *ids, float *y, golens_parallel *par) {
  return caught([&] { return s->dots(x, count, ldx, m, bias, order, ids, y, par), 0; });
}

int golens_call_readout(const golens_kernel *s, const golens_readout *r, golens_parallel *par) {
  return caught([&] { return s->readout(r, par); });
}

int golens_call_select(const golens_kernel *s, const golens_selection *x, golens_parallel *par) {
  return caught([&] { return s->select(x, par); });
}

void golens_call_gelu(const golens_kernel *s, const float *x, float *y, int64_t n) { s->gelu_tanh(x, y, n); }
