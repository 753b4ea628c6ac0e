// gelu_new in one pass: x/2 (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3), which is
// x / (1 + exp(-2u)): for u < 0 with e = exp(2u), x e / (1 + e).
static void gelu_tanh(const float *x, float *y, int64_t n) {
  using L = Lanes;
  for (int64_t i = 0; i < n; i += 16) {
    float room[16] = {};
    const bool part = n - i < 16;
    if (part) std::memcpy(room, x + i, sizeof(float) * (n - i));
    L::V v = L::load(part ? room : x + i);
    L::V u = L::mul(L::mul(v, L::spread(2 * 0.7978845608028654f)), L::fma(L::mul(v, v), L::spread(0.044715f), L::spread(1)));
    const uint32_t positive = L::above(u, L::zero());
    L::V e = exp_of(L::minus_size(u));  // exp(-|2u|)
    L::V whole = L::add(e, L::spread(1));
    L::V q = L::div(L::add(L::keep(L::spread(1), positive), L::keep(e, L::none_of(positive))), whole);
    v = L::mul(v, q);
    if (part) {
      L::store(room, v);
      std::memcpy(y + i, room, sizeof(float) * (n - i));
    } else {
      L::store(y + i, v);
    }
  }
}
