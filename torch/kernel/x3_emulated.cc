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

// Faults that hardware may have: a trial must find each. 0 is none.
namespace {

int fault = 0;
enum { no_fault, rounded_products, upper_half_last, keeps_small_inputs, keeps_small_sums, one_chain, adds_first, last_pair };

float kept(uint32_t half) { return std::bit_cast<float>(half); }
float in(uint32_t half) { return fault == keeps_small_inputs ? kept(half) : flushed(kept(half)); }
float out_of(float x) { return fault == keeps_small_sums ? x : flushed(x); }
float add_product(float a, float b, float c) { return fault == rounded_products ? float(a * b) + c : std::fma(a, b, c); }

float faulty_step(float c, uint32_t a, uint32_t b) {
  const float high[] = {in(a & 0xffff0000), in(b & 0xffff0000)}, low[] = {in(a << 16), in(b << 16)};
  const bool swapped = fault == upper_half_last;
  const float *first = swapped ? low : high, *second = swapped ? high : low;
  if (fault == adds_first) return out_of(c + out_of(std::fma(first[0], first[1], second[0] * second[1])));
  return out_of(add_product(second[0], second[1], out_of(add_product(first[0], first[1], out_of(c)))));
}

void faulty_pairs(const float *c, const uint32_t *a, const uint32_t *b, float *out) {
  for (int i = 0; i < 16; i++) out[i] = fault == last_pair && i < 15 ? EmulatedPairs::step(c[i], a[i], b[i]) : faulty_step(c[i], a[i], fault == last_pair ? b[i] ^ 1 : b[i]);
}

// EmulatedTiles with a fault.
struct FaultyTiles : EmulatedTiles {
  inline static const uint32_t *rows, *columns;
  inline static float c[32 * 32];
  static void zero() { std::memset(c, 0, sizeof c); }
  static void load_rows(const uint32_t *x) { rows = x; }
  static void load_columns(const uint32_t *x) { columns = x; }
  static void store(float *to) { std::memcpy(to, c, sizeof c); }
  static void multiply() {
    for (int i = 0; i < 32; i++)
      for (int j = 0; j < 32; j++) {
        float even = 0, odd = 0, &to = c[i * 32 + j];
        for (int p = 0; p < 16; p++) {
          uint32_t a = rows[i * 16 + p], b = columns[p * 32 + j];
          if (fault == last_pair && p == 15) b ^= 1;
          float &high = fault == one_chain ? even : odd;
          even = out_of(add_product(in(a << 16), in(b << 16), even));
          high = out_of(add_product(in(a & 0xffff0000), in(b & 0xffff0000), high));
        }
        to = fault == adds_first ? out_of(out_of(to + even) + odd) : out_of(out_of(to) + out_of(even + odd));
      }
  }
};

void faulty_tiles(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *out) {
  TileProduct<FaultyTiles>::block(rows, hi, lo, k, out);
}

}  // namespace

int golens_x3_trial_passes(int tiles, int with) {
  fault = with;
  return tiles ? golens_tiles_pass(faulty_tiles) : golens_pairs_pass(faulty_pairs);
}

extern const golens_kernel golens_x3_emulated_pairs = {"x3-emulated-pairs", pack, linear, dots, read_pairs, select, gelu_tanh};
extern const golens_kernel golens_x3_emulated_tiles = {"x3-emulated-tiles", pack, linear, dots, read_tiles, select, gelu_tanh};
