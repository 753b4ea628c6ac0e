// Memory that a thread of the caller's keeps from one call to the next.
#pragma once
#include <cstdlib>

namespace golens {

// Room for floats, 64-byte aligned, that grows and is kept.
class Scratch {
 public:
  ~Scratch() { std::free(at_); }
  // NULL where there is no memory.
  float *floats(size_t n) {
    size_t bytes = (n * sizeof(float) + 63) / 64 * 64;
    if (bytes > size_) {
      std::free(at_);
      at_ = std::aligned_alloc(64, bytes);
      size_ = at_ ? bytes : 0;
    }
    return static_cast<float *>(at_);
  }

 private:
  void *at_ = nullptr;
  size_t size_ = 0;
};

}  // namespace golens
