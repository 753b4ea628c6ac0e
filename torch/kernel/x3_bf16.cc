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

bool as_defined() {
  TrialNumbers numbers;
  for (int trial = 0; trial < 64; trial++) {
    uint32_t c[16], a[16], b[16];
    for (int i = 0; i < 16; i++) c[i] = numbers.number(), a[i] = numbers.pair(), b[i] = numbers.pair();
    float from[16], is[16], should[16];
    std::memcpy(from, c, sizeof c);
    Lanes::store(is, Pairs::dot(Lanes::load(from), Pairs::load(a), Pairs::load(b)));
    golens_pairs_emulated(from, a, b, should);
    if (std::memcmp(is, should, sizeof is) != 0) return false;
  }
  return true;
}

}  // namespace
#pragma GCC pop_options

bool golens_pairs_as_defined() { return as_defined(); }

extern const golens_kernel golens_x3_bf16 = {"x3-avx512bf16", pack, linear, dots, read_x3, select, gelu_tanh};
#endif
