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

// A copy of bytes that need not lie as their type wants it.
inline at::Tensor copied(const void *data, int64_t bytes, at::ScalarType type, at::IntArrayRef dims) {
  auto t = at::empty(dims, at::dtype(type));
  TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the tensor needs ", t.nbytes(), " bytes, not ", bytes);
  if (bytes > 0) memcpy(t.data_ptr(), data, bytes);
  return t;
}

}  // namespace golens
