// Tensors: copies in and out, views, conversions.
#include <dlfcn.h>
#include <malloc.h>

#include <algorithm>

#include "tensor.h"

using golens::guard;
using golens::made;
using golens::scalar;

char *golens_tensor_copy_in(const void *data, int64_t bytes, int dtype, const int64_t *dims, int ndim, golens_tensor **out) {
  return guard([&] {
    auto t = made(bytes, scalar(dtype), {dims, static_cast<size_t>(ndim)});
    if (bytes > 0) memcpy(t.data_ptr(), data, bytes);
    *out = new golens_tensor(std::move(t));
  });
}

char *golens_tensor_empty(const int64_t *dims, int ndim, golens_tensor **out) {
  return guard([&] { *out = new golens_tensor(at::empty({dims, static_cast<size_t>(ndim)}, at::kFloat)); });
}

char *golens_tensor_copy_out(const golens_tensor *t, void *dst, int64_t bytes) {
  return guard([&] {
    auto c = t->t.to(at::kCPU).contiguous();
    TORCH_CHECK(static_cast<int64_t>(c.nbytes()) == bytes, "the tensor has ", c.nbytes(), " bytes, not ", bytes);
    if (bytes > 0) memcpy(dst, c.data_ptr(), bytes);
  });
}

char *golens_tensor_narrow(const golens_tensor *t, int64_t dim, int64_t start, int64_t length, golens_tensor **out) {
  return guard([&] { *out = new golens_tensor(t->t.narrow(dim, start, length)); });
}

char *golens_tensor_select(const golens_tensor *t, int64_t dim, int64_t index, golens_tensor **out) {
  return guard([&] { *out = new golens_tensor(t->t.select(dim, index)); });
}

char *golens_tensor_to(const golens_tensor *t, int dtype, const char *device, golens_tensor **out) {
  return guard([&] { *out = new golens_tensor(t->t.to(c10::Device(device), scalar(dtype))); });
}

char *golens_tensor_clone(const golens_tensor *t, golens_tensor **out) {
  return guard([&] { *out = new golens_tensor(t->t.clone()); });
}

char *golens_tensor_floats(const golens_tensor *t, float **out) {
  return guard([&] {
    TORCH_CHECK(t->t.device().is_cpu() && t->t.scalar_type() == at::kFloat && t->t.is_contiguous(),
                "kernels read float32 on the CPU without gaps, and this is ", t->t.scalar_type(), " on ", t->t.device(),
                t->t.is_contiguous() ? "" : ", with gaps");
    *out = t->t.data_ptr<float>();
  });
}

// What follows cannot fail: a golens_tensor has sizes, a type and memory.
int golens_tensor_sizes(const golens_tensor *t, int64_t *sizes, int room) {
  const auto all = t->t.sizes();
  std::copy_n(all.begin(), std::min<size_t>(all.size(), std::max(room, 0)), sizes);
  return static_cast<int>(all.size());
}
int golens_tensor_dtype(const golens_tensor *t) { return static_cast<int>(t->t.scalar_type()); }
int golens_tensor_device(const golens_tensor *t, int *index) {
  const auto d = t->t.device();
  *index = d.has_index() ? d.index() : 0;
  return static_cast<int>(d.type());
}
char *golens_tensor_same_bits(const golens_tensor *a, const golens_tensor *b, int *same) {
  return guard([&] {
    // As whole numbers, so that zeros of two signs differ, and NaN is equal to itself.
    *same = a->t.sizes() == b->t.sizes() && a->t.view(at::kInt).equal(b->t.view(at::kInt));
  });
}

const void *golens_tensor_storage(const golens_tensor *t) { return t->t.storage().data(); }
void golens_tensor_free(golens_tensor *t) { delete t; }
void golens_trim(void) {
  // MKL keeps the buffers of its threads; libtorch has it linked in, if at all.
  static auto free_buffers = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "mkl_serv_free_buffers"));
  if (free_buffers) free_buffers();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

int64_t golens_live(void) { return golens::live; }
