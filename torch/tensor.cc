// Tensors and mapped files: copies in and out, views, conversions.
#include <ATen/ops/from_blob.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "guard.h"

using golens::guard;

static at::ScalarType scalar(int dtype) {
  TORCH_CHECK(dtype >= 0 && dtype < static_cast<int>(at::ScalarType::NumOptions), "no dtype has the number ", dtype);
  return static_cast<at::ScalarType>(dtype);
}

char *golens_tensor_copy_in(const void *data, int dtype, const int64_t *dims, int ndim, golens_tensor **out) {
  return guard([&] {
    auto view = at::from_blob(const_cast<void *>(data), at::IntArrayRef(dims, ndim), at::dtype(scalar(dtype)));
    *out = new golens_tensor(view.clone());
  });
}

char *golens_tensor_copy_out(const golens_tensor *t, int dtype, void *dst, int64_t bytes) {
  return guard([&] {
    TORCH_CHECK(t->t.scalar_type() == scalar(dtype), "the tensor holds ", t->t.scalar_type(), ", not ", scalar(dtype));
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
const void *golens_tensor_storage(const golens_tensor *t) { return t->t.storage().data(); }
char *golens_tensor_device(const golens_tensor *t) { return strdup(t->t.device().str().c_str()); }
void golens_tensor_free(golens_tensor *t) { delete t; }
int64_t golens_live(void) { return golens::live; }

// The mapping is shared by the handle and by every tensor that lies in it.
struct Mapping {
  char *at = nullptr;
  int64_t bytes = 0;
  explicit Mapping(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    TORCH_CHECK(fd >= 0, strerror(errno));
    struct stat s;
    int bad = fstat(fd, &s);
    bytes = bad ? 0 : s.st_size;
    // Writable and private, so that libtorch may treat the memory as its own. Not
    // MAP_POPULATE, which would copy every page of such a mapping.
    void *p = bytes > 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    TORCH_CHECK(p != MAP_FAILED, "the file cannot be mapped: ", bytes > 0 ? strerror(errno) : "it is empty");
    at = static_cast<char *>(p);
    madvise(at, bytes, MADV_WILLNEED);
  }
  ~Mapping() {
    if (at) munmap(at, bytes);
  }
  Mapping(const Mapping &) = delete;
};

struct golens_file {
  std::shared_ptr<Mapping> map;
};

char *golens_file_map(const char *path, golens_file **out) {
  return guard([&] { *out = new golens_file{std::make_shared<Mapping>(path)}; });
}

char *golens_file_tensor(const golens_file *f, int64_t offset, int dtype, const int64_t *dims, int ndim,
                         golens_tensor **out) {
  return guard([&] {
    auto type = scalar(dtype);
    int64_t size = static_cast<int64_t>(c10::elementSize(type)), bytes = size;
    for (int d = 0; d < ndim; d++) bytes *= dims[d];
    TORCH_CHECK(offset >= 0 && bytes >= 0 && offset <= f->map->bytes - bytes, "bytes ", offset, " to ", offset + bytes,
                " lie outside the file, which has ", f->map->bytes);
    auto owner = f->map;
    auto t = at::from_blob(owner->at + offset, at::IntArrayRef(dims, ndim), [owner](void *) {}, at::dtype(type));
    // A number that does not lie on its own boundary may not be read in place.
    *out = new golens_tensor(offset % size == 0 ? t : t.clone());
  });
}

void golens_file_forget(const golens_file *f, int64_t offset, int64_t bytes) {
  const int64_t page = sysconf(_SC_PAGESIZE);
  int64_t from = (offset + page - 1) / page * page, to = (offset + bytes) / page * page;
  if (to > from) madvise(f->map->at + from, to - from, MADV_DONTNEED);
}

void golens_file_free(golens_file *f) { delete f; }
