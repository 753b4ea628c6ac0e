// x3 with AVX512_BF16: 16 lanes of two products each.
#if defined(__x86_64__) && __GNUC__ >= 11
#include <immintrin.h>

#include "parts.h"
#include "x3_trial.h"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")
namespace {

#include "avx512.h"
#include "template.h"

struct Pairs {
  using B = __m512bh;
  static B load(const uint32_t *x) { return (B)_mm512_loadu_si512(x); }
  static B spread(uint32_t x) { return (B)_mm512_set1_epi32(int(x)); }
  static Lanes::V dot(Lanes::V c, B a, B b) { return _mm512_dpbf16_ps(c, a, b); }
};

#include "x3_template.h"

int read_x3(const golens_readout *r, golens_parallel *par) { return read_split<PairProduct>(r, par); }

void dot(const float *c, const uint32_t *a, const uint32_t *b, float *out) {
  Lanes::store(out, Pairs::dot(Lanes::load(c), Pairs::load(a), Pairs::load(b)));
}

}  // namespace
#pragma GCC pop_options

bool golens_pairs_as_defined() { return golens_pairs_pass(dot); }

extern const golens_kernel golens_x3_bf16 = {"x3-avx512bf16", pack, linear, dots, read_x3, select, gelu_tanh};
#endif
