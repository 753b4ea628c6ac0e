// Tensors of bytes that lie in memory.
#pragma once
#include <ATen/ops/empty.h>

#include <cstdint>
#include <cstring>

#include "guard.h"

namespace golens {

inline at::ScalarType scalar(int dtype) {
  TORCH_CHECK(dtype >= 0 && dtype < static_cast<int>(at::ScalarType::NumOptions), "no dtype has the number ", dtype);
  return static_cast<at::ScalarType>(dtype);
}

inline void check_size(const at::Tensor &t, int64_t bytes) {
  TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the tensor needs ", t.nbytes(), " bytes, not ", bytes);
}

// A tensor of so many bytes, which are still to be written.
inline at::Tensor made(int64_t bytes, at::ScalarType type, at::IntArrayRef dims) {
  auto t = at::empty(dims, at::dtype(type));
  check_size(t, bytes);
  return t;
}

}  // namespace golens
