// Lanes in no instruction set in particular: loops of 16 that the compiler makes of them
// what it can (NEON on arm64). Slow where the processor has no fused multiply-add.
// Included inside an unnamed namespace.

struct Lanes {
  struct V {
    float x[16];
  };
  static constexpr int mr = 4, vectors = 1;
  template <class F>
  static V map(F f) {
    V v;
    for (int i = 0; i < 16; i++) v.x[i] = f(i);
    return v;
  }
  template <class F>
  static uint32_t mask(F f) {
    uint32_t m = 0;
    for (int i = 0; i < 16; i++) m |= uint32_t(f(i)) << i;
    return m;
  }
  static V zero() { return spread(0); }
  static V spread(float x) {
    return map([=](int) { return x; });
  }
  static V load(const float *x) {
    V v;
    std::memcpy(v.x, x, sizeof v.x);
    return v;
  }
  static void store(float *x, const V &v) { std::memcpy(x, v.x, sizeof v.x); }
  static V add(const V &a, const V &b) {
    return map([&](int i) { return a.x[i] + b.x[i]; });
  }
  static V sub(const V &a, const V &b) {
    return map([&](int i) { return a.x[i] - b.x[i]; });
  }
  static V mul(const V &a, const V &b) {
    return map([&](int i) { return a.x[i] * b.x[i]; });
  }
  static V div(const V &a, const V &b) {
    return map([&](int i) { return a.x[i] / b.x[i]; });
  }
  static V minus_size(const V &a) {  // -|a|
    return map([&](int i) { return -std::fabs(a.x[i]); });
  }
  static V fma(const V &a, const V &b, const V &c) {
    return map([&](int i) { return std::fma(a.x[i], b.x[i], c.x[i]); });
  }
  static V max(const V &a, const V &b) {
    return map([&](int i) { return a.x[i] > b.x[i] ? a.x[i] : b.x[i]; });
  }
  static V nearest(const V &a) {
    return map([&](int i) { return std::nearbyint(a.x[i]); });
  }
  static V two_to(const V &n) {
    return map([&](int i) { return std::bit_cast<float>((int32_t(n.x[i]) + 127) << 23); });
  }
  static uint32_t above(const V &a, const V &b) {
    return mask([&](int i) { return a.x[i] > b.x[i]; });
  }
  static uint32_t same(const V &a, const V &b) {
    return mask([&](int i) { return a.x[i] == b.x[i]; });
  }
  static uint32_t none_of(uint32_t m) { return ~m & 0xffff; }
  static V keep(const V &a, uint32_t m) {
    return map([&](int i) { return m >> i & 1 ? a.x[i] : 0; });
  }
  static float total(const V &a) {
    float s = 0;
    for (float x : a.x) s += x;
    return s;
  }
  static float largest(const V &a) {
    float m = a.x[0];
    for (float x : a.x) m = x > m ? x : m;
    return m;
  }
  static void prefetch(const float *) {}

  // The nearest bfloat16, even where two are; zero below 2^-126.
  static V bfloat(const V &a) {
    return map([&](int i) {
      uint32_t u = std::bit_cast<uint32_t>(a.x[i]);
      u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000;
      return std::bit_cast<float>(u & 0x7f800000 ? u : 0);
    });
  }
  // Words with one bfloat16 in the lower and one in the upper half.
  static void store_pairs(uint32_t *to, const V &lower, const V &upper) {
    for (int i = 0; i < 16; i++) to[i] = std::bit_cast<uint32_t>(lower.x[i]) >> 16 | std::bit_cast<uint32_t>(upper.x[i]);
  }

  // ((q0+q1)+q2)+q3 of its quarters, then (s0+s1)+(s2+s3)
  static float fold(const V &a) {
    float s[4];
    for (int j = 0; j < 4; j++) s[j] = ((a.x[j] + a.x[j + 4]) + a.x[j + 8]) + a.x[j + 12];
    return (s[0] + s[1]) + (s[2] + s[3]);
  }

  // out[k*to + j] = w[j*from + k] for 16 x 16
  static void turn(const float *w, int64_t from, float *out, int64_t to) {
    for (int k = 0; k < 16; k++)
      for (int j = 0; j < 16; j++) out[k * to + j] = w[j * from + k];
  }
};
