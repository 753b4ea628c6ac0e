// Tensors: copies in and out, views, conversions.
#include <dlfcn.h>
#include <malloc.h>

#include "tensor.h"

using golens::copied;
using golens::guard;
using golens::scalar;

char *golens_tensor_copy_in(const void *data, int64_t bytes, int dtype, const int64_t *dims, int ndim, golens_tensor **out) {
  return guard([&] { *out = new golens_tensor(copied(data, bytes, scalar(dtype), {dims, static_cast<size_t>(ndim)})); });
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

int golens_tensor_ndim(const golens_tensor *t) { return static_cast<int>(t->t.dim()); }
int64_t golens_tensor_size(const golens_tensor *t, int dim) { return t->t.sizes()[dim]; }
int golens_tensor_dtype(const golens_tensor *t) { return static_cast<int>(t->t.scalar_type()); }
char *golens_tensor_floats(const golens_tensor *t, float **out) {
  return guard([&] {
    TORCH_CHECK(t->t.device().is_cpu() && t->t.scalar_type() == at::kFloat && t->t.is_contiguous(),
                "kernels read float32 on the CPU without gaps, and this is ", t->t.scalar_type(), " on ", t->t.device(),
                t->t.is_contiguous() ? "" : ", with gaps");
    *out = t->t.data_ptr<float>();
  });
}

char *golens_tensor_same_bits(const golens_tensor *a, const golens_tensor *b, int *same) {
  return guard([&] {
    // As whole numbers, so that zeros of two signs differ, and NaN is equal to itself.
    *same = a->t.sizes() == b->t.sizes() && a->t.view(at::kInt).equal(b->t.view(at::kInt));
  });
}

int golens_tensor_cuda(const golens_tensor *t) { return t->t.is_cuda() ? t->t.device().index() : -1; }
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
