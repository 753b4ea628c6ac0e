// AVX2 with FMA: a vector is two registers, 6 x 16 elements are kept in 12 of the 16.
#if defined(__x86_64__)
#include <immintrin.h>

#include "parts.h"
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace {

struct Lanes {
  struct V {
    __m256 lo, hi;
  };
  static constexpr int mr = 6, vectors = 1;
  static V zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static V spread(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static V load(const float *x) { return {_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8)}; }
  static void store(float *x, V v) {
    _mm256_storeu_ps(x, v.lo);
    _mm256_storeu_ps(x + 8, v.hi);
  }
  static V add(V a, V b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
  static V sub(V a, V b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
  static V mul(V a, V b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
  static V div(V a, V b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
  static V minus_size(V a) {  // -|a|
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_or_ps(a.lo, sign), _mm256_or_ps(a.hi, sign)};
  }
  static V fma(V a, V b, V c) { return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)}; }
  static V max(V a, V b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
  static V nearest(V a) {
    constexpr int how = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(a.lo, how), _mm256_round_ps(a.hi, how)};
  }
  static V two_to(V n) {  // whole n, -126..127
    return {two_to(n.lo), two_to(n.hi)};
  }
  static uint32_t above(V a, V b) { return mask(_mm256_cmp_ps(a.lo, b.lo, _CMP_GT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GT_OQ)); }
  static uint32_t same(V a, V b) { return mask(_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)); }
  static uint32_t none_of(uint32_t m) { return ~m & 0xffff; }
  static V keep(V a, uint32_t m) {
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i lo = _mm256_and_si256(_mm256_set1_epi32(m), bit), hi = _mm256_and_si256(_mm256_set1_epi32(m >> 8), bit);
    return {_mm256_and_ps(a.lo, _mm256_castsi256_ps(_mm256_cmpeq_epi32(lo, bit))),
            _mm256_and_ps(a.hi, _mm256_castsi256_ps(_mm256_cmpeq_epi32(hi, bit)))};
  }
  static float total(V a) {
    __m256 s = _mm256_add_ps(a.lo, a.hi);
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
  }
  static float largest(V a) {
    __m256 s = _mm256_max_ps(a.lo, a.hi);
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
  }
  static void prefetch(const float *x) { _mm_prefetch(reinterpret_cast<const char *>(x), _MM_HINT_T1); }

  // ((q0+q1)+q2)+q3 of its quarters, then (s0+s1)+(s2+s3)
  static float fold(V a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a.lo), _mm256_extractf128_ps(a.lo, 1));
    s = _mm_add_ps(s, _mm256_castps256_ps128(a.hi));
    s = _mm_add_ps(s, _mm256_extractf128_ps(a.hi, 1));
    __m128 pairs = _mm_add_ps(s, _mm_movehdup_ps(s));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehl_ps(pairs, pairs)));
  }

  // out[k*to + j] = w[j*from + k] for 16 x 16, in squares of 4
  static void turn(const float *w, int64_t from, float *out, int64_t to) {
    for (int j = 0; j < 16; j += 4)
      for (int k = 0; k < 16; k += 4) {
        const float *s = w + j * from + k;
        __m128 a = _mm_loadu_ps(s), b = _mm_loadu_ps(s + from), c = _mm_loadu_ps(s + 2 * from), d = _mm_loadu_ps(s + 3 * from);
        _MM_TRANSPOSE4_PS(a, b, c, d);
        float *o = out + k * to + j;
        _mm_storeu_ps(o, a), _mm_storeu_ps(o + to, b), _mm_storeu_ps(o + 2 * to, c), _mm_storeu_ps(o + 3 * to, d);
      }
  }

 private:
  static __m256 two_to(__m256 n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
  }
  static uint32_t mask(__m256 lo, __m256 hi) { return _mm256_movemask_ps(lo) | _mm256_movemask_ps(hi) << 8; }
};

#include "template.h"

}  // namespace
#pragma GCC pop_options

extern const golens_kernel golens_avx2 = {"avx2", pack, linear, dots, readout, select, gelu_tanh};
#endif
