// x3 on emulated instructions: slow, for tests, and what hardware is held against.
#include "parts.h"
#include "x3_trial.h"
namespace {

#include "plain.h"
#include "template.h"
#include "x3_emulated.h"

struct Pairs : EmulatedPairs {
  static B load(const uint32_t *x) {
    B b;
    std::memcpy(b.x, x, sizeof b.x);
    return b;
  }
  static B spread(uint32_t x) {
    B b;
    std::fill_n(b.x, 16, x);
    return b;
  }
  static Lanes::V dot(const Lanes::V &c, const B &a, const B &b) {
    return Lanes::map([&](int i) { return step(c.x[i], a.x[i], b.x[i]); });
  }
};

#include "x3_template.h"

int read_pairs(const golens_readout *r, golens_parallel *par) { return read_split<PairProduct>(r, par); }
int read_tiles(const golens_readout *r, golens_parallel *par) { return read_split<TileProduct<EmulatedTiles>>(r, par); }

}  // namespace

void golens_pairs_emulated(const float *c, const uint32_t *a, const uint32_t *b, float *out) {
  for (int i = 0; i < 16; i++) out[i] = EmulatedPairs::step(c[i], a[i], b[i]);
}

void golens_tiles_emulated(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *out) {
  TileProduct<EmulatedTiles>::block(rows, hi, lo, k, out);
}

extern const golens_kernel golens_x3_emulated_pairs = {"x3-emulated-pairs", pack, linear, dots, read_pairs, select, gelu_tanh};
extern const golens_kernel golens_x3_emulated_tiles = {"x3-emulated-tiles", pack, linear, dots, read_tiles, select, gelu_tanh};
