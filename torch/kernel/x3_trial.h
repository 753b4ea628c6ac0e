// Hardware is held against the definitions of its instructions before it is used: the
// margins of x3 count their roundings.
#pragma once
#include <cstdint>

// One VDPBF16PS: 16 sums c, and 16 pairs each of a and b.
void golens_pairs_emulated(const float *c, const uint32_t *a, const uint32_t *b, float *out);

// A product of 32 rows [k/32][hi, lo][32][16] and 32 columns, planes [k/2][32]: 32 x 32.
void golens_tiles_emulated(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *out);

// Whether this processor's instructions do as they are defined. They must be there.
bool golens_pairs_as_defined();
bool golens_tiles_as_defined();

// Pairs of bfloat16 of all sizes for a trial, the same in every run.
class TrialNumbers {
 public:
  uint32_t pair() { return half() | half() << 16; }
  // A float32 within some powers of two of 1.
  uint32_t number() { return (next() & 0x807fffffu) | (117 + next() % 20) << 23; }

 private:
  uint32_t state_ = 1;
  uint32_t next() {
    state_ = state_ * 1664525 + 1013904223;
    return state_ >> 16 | state_ << 16;
  }
  uint32_t half() {
    // One in 16 is zero or so small that it counts as zero.
    uint32_t exponent = next() % 16 ? 117 + next() % 20 : 0;
    return (next() & 0x807f) | exponent << 7;
  }
};
