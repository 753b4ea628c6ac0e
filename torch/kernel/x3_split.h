// A float32 in two bfloat16: hi is the nearest to x, lo the nearest to x - hi, and what
// remains is below 2^-16 |x|. Hardware takes bfloat16 below 2^-126 for zero; so does this.
//
// Layout. A processor multiplies pairs of neighbours in k: a word of 32 bits has k in its
// lower and k+1 in its upper half. `width` columns of k floats, [k][width], become two
// planes of words, hi and lo, each [k/2][width], with zeros behind the last k.

// The nearest bfloat16, even where two are, as the float32 that it is.
static inline uint32_t nearest_bfloat(float x) {
  uint32_t u = std::bit_cast<uint32_t>(x);
  u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000;
  return u & 0x7f800000 ? u : 0;
}

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
  float whole[width] = {}, low[width] = {}, rest[width] = {};
  const float zeros[width] = {};
  for (int64_t pair = 0; pair < padded / 2; pair++, hi += width, lo += width) {
    const float *even = 2 * pair < k ? x + 2 * pair * width : zeros, *odd = 2 * pair + 1 < k ? x + (2 * pair + 1) * width : zeros;
    for (int j = 0; j < width; j++) {
      const float a = even[j], b = odd[j];
      const uint32_t ah = nearest_bfloat(a), bh = nearest_bfloat(b);
      const float ar = a - std::bit_cast<float>(ah), br = b - std::bit_cast<float>(bh);
      const uint32_t al = nearest_bfloat(ar), bl = nearest_bfloat(br);
      const float ax = std::bit_cast<float>(al), bx = std::bit_cast<float>(bl), ad = ar - ax, bd = br - bx;
      hi[j] = ah >> 16 | bh, lo[j] = al >> 16 | bl;
      whole[j] += a * a + b * b, low[j] += ax * ax + bx * bx, rest[j] += ad * ad + bd * bd;
    }
  }
  for (int j = 0; j < width; j++) norms[j] = {Norms::of(whole[j], k), Norms::of(low[j], k), Norms::of(rest[j], k)};
}
