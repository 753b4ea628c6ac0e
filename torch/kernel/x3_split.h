// A float32 in two bfloat16: hi is the nearest to x, lo the nearest to x - hi, and what
// remains is below 2^-16 |x|. Hardware takes bfloat16 below 2^-126 for zero; so does this.
//
// Layout. A processor multiplies pairs of neighbours in k: a word of 32 bits has k in its
// lower and k+1 in its upper half. `width` columns of k floats, [k][width], become two
// planes of words, hi and lo, each [k/2][width], with zeros behind the last k.

// Bounds of Euclidean norms: of x, of lo, and of what neither has.
struct Norms {
  float whole = 0, low = 0, rest = 0;

  // From sums of squares of k numbers, which are a little off, and where squares fell
  // below what a float32 is.
  static float of(float squares, int64_t k) { return std::sqrt(squares * 1.01f + float(k) * 0x1p-126f); }

  // The larger of each. What is no number stays.
  void include(const Norms &o) {
    auto larger = [](float a, float b) { return a > b || a != a ? a : b; };
    whole = larger(whole, o.whole), low = larger(low, o.low), rest = larger(rest, o.rest);
  }
};

// Splits `width` columns; `padded` k, a whole number of pairs, are written.
template <int width>
static void split(const float *x, int64_t k, int64_t padded, uint32_t *hi, uint32_t *lo, Norms *norms) {
  for (int64_t col = 0; col < width; col += 16) {
    Lanes::V whole = Lanes::zero(), low = Lanes::zero(), rest = Lanes::zero();
    // Returns hi and lo of 16 numbers.
    auto part = [&](const float *at) {
      const Lanes::V a = Lanes::load(at), h = Lanes::bfloat(a), r = Lanes::sub(a, h), l = Lanes::bfloat(r), d = Lanes::sub(r, l);
      whole = Lanes::fma(a, a, whole), low = Lanes::fma(l, l, low), rest = Lanes::fma(d, d, rest);
      return std::pair(h, l);
    };
    for (int64_t i = 0; i < padded; i += 2) {
      std::pair even(Lanes::zero(), Lanes::zero()), odd = even;
      if (i < k) even = part(x + i * width + col);
      if (i + 1 < k) odd = part(x + (i + 1) * width + col);
      Lanes::store_pairs(hi + i / 2 * width + col, even.first, odd.first);
      Lanes::store_pairs(lo + i / 2 * width + col, even.second, odd.second);
    }
    float w[16], l[16], r[16];
    Lanes::store(w, whole), Lanes::store(l, low), Lanes::store(r, rest);
    for (int64_t j = 0; j < 16; j++) norms[col + j] = {Norms::of(w[j], k), Norms::of(l[j], k), Norms::of(r[j], k)};
  }
}
