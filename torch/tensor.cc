// Tensors and mapped files: copies in and out, views, conversions.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "guard.h"

using golens::guard;

static at::ScalarType scalar(int dtype) {
  TORCH_CHECK(dtype >= 0 && dtype < static_cast<int>(at::ScalarType::NumOptions), "no dtype has the number ", dtype);
  return static_cast<at::ScalarType>(dtype);
}

// A copy of bytes that need not lie as their type wants it.
static at::Tensor copied(const void *data, int64_t bytes, at::ScalarType type, at::IntArrayRef dims) {
  auto t = at::empty(dims, at::dtype(type));
  TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the tensor needs ", t.nbytes(), " bytes, not ", bytes);
  if (bytes > 0) memcpy(t.data_ptr(), data, bytes);
  return t;
}

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

// The mapping is shared by the handle and by every tensor that lies in it.
struct Mapping {
  char *at = nullptr;
  int64_t bytes = 0;
  // What is to come in the background. Ranges are of bytes, from the first to behind the last.
  using Range = std::pair<int64_t, int64_t>;
  std::mutex lock;
  std::deque<Range> ranges;
  Range comes{};                 // the piece that is coming now
  std::condition_variable came;  // a piece has
  bool loads = false;            // a thread is at it
  bool preload = true;           // the system can, and somebody wants it
  explicit Mapping(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe does not make it wait
    TORCH_CHECK(fd >= 0, strerror(errno));
    struct stat s{};
    const bool plain = fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
    bytes = plain ? s.st_size : 0;
    // Writable and private, so that libtorch may treat the memory as its own. Not
    // MAP_POPULATE, which would copy every page of such a mapping.
    void *p = bytes > 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    const int error = errno;
    close(fd);
    TORCH_CHECK(plain, "it is no regular file");
    TORCH_CHECK(bytes > 0, "the file is empty");
    TORCH_CHECK(p != MAP_FAILED, "the file cannot be mapped: ", strerror(error));
    at = static_cast<char *>(p);
    madvise(at, bytes, MADV_WILLNEED);
  }
  ~Mapping() {
    if (at) munmap(at, bytes);
  }
  Mapping(const Mapping &) = delete;
};

struct golens_file : golens::Counted {
  std::shared_ptr<Mapping> map;
  explicit golens_file(const char *path) : map(std::make_shared<Mapping>(path)) {}
  ~golens_file() {
    std::lock_guard<std::mutex> hold(map->lock);
    map->preload = false;
    map->ranges.clear();
  }
};

char *golens_file_map(const char *path, golens_file **out) {
  return guard([&] { *out = new golens_file(path); });
}

char *golens_file_tensor(const golens_file *f, int64_t offset, int64_t bytes, int dtype, const int64_t *dims, int ndim,
                         golens_tensor **out) {
  return guard([&] {
    auto type = scalar(dtype);
    at::IntArrayRef shape(dims, ndim);
    auto owner = f->map;
    TORCH_CHECK(offset >= 0 && bytes >= 0 && offset <= owner->bytes - bytes, "the file has ", owner->bytes, " bytes, and ",
                bytes, " from ", offset, " on lie outside it");
    char *at = owner->at + offset;
    // A number that does not lie on its own boundary may not be read in place.
    auto t = offset % static_cast<int64_t>(c10::elementSize(type)) != 0
                 ? copied(at, bytes, type, shape)
                 : at::from_blob(at, shape, [owner](void *) {}, at::dtype(type));
    TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the tensor needs ", t.nbytes(), " bytes, not ", bytes);
    *out = new golens_tensor(std::move(t));
  });
}

// Pages come on a thread of its own, which keeps the mapping and ends when there are no
// more ranges. Pieces are short: the system lets nobody else map memory meanwhile.
static void preload(std::shared_ptr<Mapping> map) {
#ifdef MADV_POPULATE_READ
  const int64_t piece = 4 << 20;
  std::unique_lock<std::mutex> hold(map->lock);
  for (; !map->ranges.empty(); map->came.notify_all()) {
    auto &range = map->ranges.front();
    map->comes = {range.first, std::min(range.first + piece, range.second)};
    range.first = map->comes.second;
    if (range.first == range.second) map->ranges.pop_front();
    hold.unlock();
    const bool can = madvise(map->at + map->comes.first, map->comes.second - map->comes.first, MADV_POPULATE_READ) == 0;
    hold.lock();
    map->comes = {};
    if (can) continue;
    map->preload = false;  // an older system
    map->ranges.clear();
  }
  map->loads = false;
#endif
}

void golens_file_preload(golens_file *f, int64_t offset, int64_t bytes) {
  auto map = f->map;
  if (offset < 0 || bytes <= 0 || bytes > map->bytes || offset > map->bytes - bytes) return;
  const int64_t page = sysconf(_SC_PAGESIZE);
  std::lock_guard<std::mutex> hold(map->lock);
  if (!map->preload) return;
  map->ranges.emplace_back(offset / page * page, offset + bytes);
  if (map->loads) return;
  try {
    std::thread(preload, map).detach();
    map->loads = true;
  } catch (const std::system_error &) {  // no thread is to be had: pages come when they are read
    map->preload = false;
    map->ranges.clear();
  }
}

void golens_file_forget(golens_file *f, int64_t offset, int64_t bytes) {
  auto map = f->map;
  const int64_t page = sysconf(_SC_PAGESIZE), all = map->bytes;
  if (offset < 0 || bytes <= 0 || offset >= all) return;
  const int64_t end = offset + std::min(bytes, all - offset);
  // Whole pages only: what shares a page with the bytes stays.
  const int64_t from = (offset + page - 1) / page * page, to = end / page * page;
  if (to <= from) return;
  std::unique_lock<std::mutex> hold(map->lock);
  std::deque<Mapping::Range> left;  // of the ranges that are to come, what lies outside
  for (auto &[a, b] : map->ranges) {
    if (a < from) left.emplace_back(a, std::min(b, from));
    if (b > to) left.emplace_back(std::max(a, to), b);
  }
  map->ranges = std::move(left);
  map->came.wait(hold, [&] { return map->comes.second <= from || map->comes.first >= to; });
  madvise(map->at + from, to - from, MADV_DONTNEED);
}

void golens_file_free(golens_file *f) { delete f; }
