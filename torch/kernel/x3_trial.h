// Hardware is held against the definitions of its instructions before it is used: the
// margins of x3 count their roundings.
#pragma once
#include <cstdint>

// One VDPBF16PS: 16 sums c, and 16 pairs each of a and b.
void golens_pairs_emulated(const float *c, const uint32_t *a, const uint32_t *b, float *out);

// A product of 32 rows [k/32][hi, lo][32][16] and 32 columns, planes [k/2][32]: 32 x 32.
void golens_tiles_emulated(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *out);

// What a trial is given: VDPBF16PS as golens_pairs_emulated has it, and a product as
// golens_tiles_emulated has it.
using golens_pairs_fn = void(const float *c, const uint32_t *a, const uint32_t *b, float *out);
using golens_tiles_fn = void(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *out);

// Whether they give the bits of the definition.
bool golens_pairs_pass(golens_pairs_fn *dot);
bool golens_tiles_pass(golens_tiles_fn *block);

// Whether this processor's instructions do as they are defined. They must be there.
bool golens_pairs_as_defined();
bool golens_tiles_as_defined();
