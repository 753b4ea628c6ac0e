// Mapped files: tensors in them, and when their pages are in memory.
#include <ATen/ops/from_blob.h>

#include <fcntl.h>
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

#include "tensor.h"

using golens::copied;
using golens::guard;
using golens::scalar;

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
