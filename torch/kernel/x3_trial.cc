// Hardware, or what is given in its place, against the definitions of its instructions.
#include "x3_trial.h"

#include <cstddef>
#include <cstring>

namespace {

// Numbers for a trial, the same in every run: exponents from `low` on, as many as `span`, of
// which one in 16 is 0 (zero, or so small that it counts as zero).
class Numbers {
 public:
  Numbers(uint32_t low, uint32_t span, uint32_t seed) : state_(seed), low_(low), span_(span) {}
  uint32_t pair() { return half() | half() << 16; }  // two in bfloat16
  uint32_t number() { return (next() & 0x807fffffu) | exponent() << 23; }

 private:
  uint32_t state_, low_, span_;
  uint32_t next() {
    state_ = state_ * 1664525 + 1013904223;
    return state_ >> 16 | state_ << 16;
  }
  uint32_t exponent() { return next() % 16 ? low_ + next() % span_ : 0; }
  uint32_t half() { return (next() & 0x807f) | exponent() << 7; }
};

// The sizes of two factors and of a sum. What instructions do below the normal numbers shows
// only where no term is large: in products at that edge, and in one factor beyond it.
constexpr struct {
  uint32_t a, b, span, c;
} kinds[] = {{117, 117, 20, 117}, {54, 54, 20, 1}, {0, 180, 6, 55}, {180, 0, 6, 55}};

// Whether the same bits: NaN does not occur.
template <size_t n>
bool same(const float (&a)[n], const float (&b)[n]) {
  return std::memcmp(a, b, sizeof a) == 0;
}

}  // namespace

bool golens_pairs_pass(golens_pairs_fn *dot) {
  for (const auto &kind : kinds) {
    Numbers x(kind.a, kind.span, 1), y(kind.b, kind.span, 2), z(kind.c, 12, 3);
    for (int trial = 0; trial < 64; trial++) {
      uint32_t c[16], a[16], b[16];
      for (int i = 0; i < 16; i++) c[i] = z.number(), a[i] = x.pair(), b[i] = y.pair();
      float from[16], is[16], should[16];
      std::memcpy(from, c, sizeof c);
      dot(from, a, b, is);
      golens_pairs_emulated(from, a, b, should);
      if (!same(is, should)) return false;
    }
  }
  return true;
}

bool golens_tiles_pass(golens_tiles_fn *block) {
  constexpr int64_t k = 96;
  alignas(64) static uint32_t rows[k * 32], planes[2][k / 2 * 32];
  alignas(64) static float is[32 * 32], should[32 * 32];
  for (const auto &kind : kinds) {
    Numbers a(kind.a, kind.span, 1), b(kind.b, kind.span, 2);
    for (auto &x : rows) x = a.pair();
    for (auto &plane : planes)
      for (auto &x : plane) x = b.pair();
    block(rows, planes[0], planes[1], k, is);
    golens_tiles_emulated(rows, planes[0], planes[1], k, should);
    if (!same(is, should)) return false;
  }
  return true;
}
