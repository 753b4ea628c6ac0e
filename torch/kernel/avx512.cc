// AVX-512 with its first extensions.
#if defined(__x86_64__)
#include <immintrin.h>

#include "parts.h"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
namespace {

#include "avx512.h"
#include "template.h"

}  // namespace
#pragma GCC pop_options

extern const golens_kernel golens_avx512 = {"avx512", pack, linear, dots, readout, select, gelu_tanh};
#endif
