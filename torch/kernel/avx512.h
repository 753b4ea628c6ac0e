// Lanes in one register of AVX-512; 14 x 32 elements are kept in 28 of the 32. Included
// inside an unnamed namespace, behind its target.

struct Lanes {
  using V = __m512;
  static constexpr int mr = 14, vectors = 2;
  static V zero() { return _mm512_setzero_ps(); }
  static V spread(float x) { return _mm512_set1_ps(x); }
  static V load(const float *x) { return _mm512_loadu_ps(x); }
  static void store(float *x, V v) { _mm512_storeu_ps(x, v); }
  static V add(V a, V b) { return _mm512_add_ps(a, b); }
  static V sub(V a, V b) { return _mm512_sub_ps(a, b); }
  static V mul(V a, V b) { return _mm512_mul_ps(a, b); }
  static V div(V a, V b) { return _mm512_div_ps(a, b); }
  static V minus_size(V a) { return _mm512_or_ps(a, _mm512_set1_ps(-0.0f)); }  // -|a|
  static V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
  static V max(V a, V b) { return _mm512_max_ps(a, b); }
  static V nearest(V a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static V two_to(V n) {  // whole n, -126..127
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23));
  }
  static uint32_t above(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
  static uint32_t same(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static uint32_t none_of(uint32_t m) { return ~m & 0xffff; }
  static V keep(V a, uint32_t m) { return _mm512_maskz_mov_ps(static_cast<__mmask16>(m), a); }
  static float total(V a) { return _mm512_reduce_add_ps(a); }
  static float largest(V a) { return _mm512_reduce_max_ps(a); }
  static void prefetch(const float *x) { _mm_prefetch(reinterpret_cast<const char *>(x), _MM_HINT_T1); }

  // The nearest bfloat16, even where two are; zero below 2^-126.
  static V bfloat(V x) {
    __m512i u = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    u = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    u = _mm512_and_si512(u, _mm512_set1_epi32(int(0xffff0000)));
    return _mm512_castsi512_ps(_mm512_maskz_mov_epi32(_mm512_test_epi32_mask(u, _mm512_set1_epi32(0x7f800000)), u));
  }
  // Words with one bfloat16 in the lower and one in the upper half.
  static void store_pairs(uint32_t *to, V lower, V upper) {
    _mm512_storeu_si512(to, _mm512_or_si512(_mm512_srli_epi32(_mm512_castps_si512(lower), 16), _mm512_castps_si512(upper)));
  }

  // ((q0+q1)+q2)+q3 of its quarters, then (s0+s1)+(s2+s3)
  static float fold(V a) {
    __m128 s = _mm_add_ps(_mm512_castps512_ps128(a), _mm512_extractf32x4_ps(a, 1));
    s = _mm_add_ps(s, _mm512_extractf32x4_ps(a, 2));
    s = _mm_add_ps(s, _mm512_extractf32x4_ps(a, 3));
    __m128 pairs = _mm_add_ps(s, _mm_movehdup_ps(s));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehl_ps(pairs, pairs)));
  }

  // out[k*to + j] = w[j*from + k] for 16 x 16
  static void turn(const float *w, int64_t from, float *out, int64_t to) {
    V a[16], b[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) a[i] = load(w + i * from);
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {  // pairs of rows
      b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
      b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {  // four rows: a[i+c] has column c of each quarter
      a[i] = pairs<0>(b[i], b[i + 2]);
      a[i + 1] = pairs<1>(b[i], b[i + 2]);
      a[i + 2] = pairs<0>(b[i + 1], b[i + 3]);
      a[i + 3] = pairs<1>(b[i + 1], b[i + 3]);
    }
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {  // quarters of 16 rows
      V lo = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88), hi = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88);
      store(out + c * to, _mm512_shuffle_f32x4(lo, hi, 0x88));
      store(out + (8 + c) * to, _mm512_shuffle_f32x4(lo, hi, 0xdd));
      lo = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd), hi = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
      store(out + (4 + c) * to, _mm512_shuffle_f32x4(lo, hi, 0x88));
      store(out + (12 + c) * to, _mm512_shuffle_f32x4(lo, hi, 0xdd));
    }
  }

 private:
  template <int high>
  static V pairs(V a, V b) {
    __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
    return _mm512_castpd_ps(high ? _mm512_unpackhi_pd(x, y) : _mm512_unpacklo_pd(x, y));
  }
};
