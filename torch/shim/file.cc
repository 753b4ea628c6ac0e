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
#include <vector>

#include "tensor.h"

using golens::check_size;
using golens::guard;
using golens::made;
using golens::scalar;

// The mapping is shared by the handle and by every tensor that lies in it.
struct Mapping {
  int fd = -1;
  char *at = nullptr;
  int64_t bytes = 0;
  struct timespec written {};  // when the file was last

  explicit Mapping(const char *path) : fd(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {  // a pipe does not make it wait
    try {
      TORCH_CHECK(fd >= 0, strerror(errno));
      struct stat s{};
      TORCH_CHECK(fstat(fd, &s) == 0 && S_ISREG(s.st_mode), "it is no regular file");
      TORCH_CHECK(s.st_size > 0, "the file is empty");
      // Writable and private, so that libtorch may treat the memory as its own. Not
      // MAP_POPULATE, which would copy every page of such a mapping.
      void *p = mmap(nullptr, s.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
      TORCH_CHECK(p != MAP_FAILED, "the file cannot be mapped: ", strerror(errno));
      at = static_cast<char *>(p), bytes = s.st_size, written = s.st_mtim;
      madvise(at, bytes, MADV_WILLNEED);
    } catch (...) {
      release();
      throw;
    }
  }
  ~Mapping() { release(); }
  Mapping(const Mapping &) = delete;

  void release() noexcept {
    if (at) munmap(at, bytes);
    if (fd >= 0) close(fd);
  }

  // To read a page that the file has no more ends the process (SIGBUS), and a page that
  // was written since is another than the one that was opened.
  void check() const {
    struct stat s{};
    TORCH_CHECK(fstat(fd, &s) == 0, "the file cannot be asked for its size: ", strerror(errno));
    TORCH_CHECK(s.st_size >= bytes, "the file was cut short while it was in use: it had ", bytes, " bytes and has ", s.st_size,
                "; open it anew, and replace files instead of writing over them");
    TORCH_CHECK(s.st_mtim.tv_sec == written.tv_sec && s.st_mtim.tv_nsec == written.tv_nsec,
                "the file was written to while it was in use; open it anew, and replace files instead of writing over them");
  }

  // Bytes that are copied are read and not taken from the mapping: a file that is cut
  // short meanwhile is an error.
  void read(char *to, int64_t offset, int64_t n) const {
    while (n > 0) {
      const ssize_t got = pread(fd, to, n, offset);
      if (got < 0 && errno == EINTR) continue;
      TORCH_CHECK(got >= 0, "the file cannot be read: ", strerror(errno));
      TORCH_CHECK(got > 0, "the file was cut short while it was in use: it ends at byte ", offset);
      to += got, offset += got, n -= got;
    }
  }
};

// Brings ranges of a mapping into memory in the background, on a thread of its own, which
// ends when there are no more of them. Ranges are of bytes, from the first to behind the last.
class Preloader {
 public:
  explicit Preloader(const Mapping &map) : map_(map) {}
  ~Preloader() {
    {
      std::lock_guard<std::mutex> hold(lock_);
      able_ = false;
      ranges_.clear();
    }
    if (thread_.joinable()) thread_.join();  // it waits for one piece at most
  }

  void add(int64_t from, int64_t to) {
    std::lock_guard<std::mutex> hold(lock_);
    if (!able_) return;
    ranges_.emplace_back(from, to);
    if (loads_) return;
    if (thread_.joinable()) thread_.join();  // it has ended: it takes the lock no more once it loads nothing
    try {
      thread_ = std::thread([this] { run(); });
      loads_ = true;
    } catch (const std::system_error &) {  // no thread is to be had: pages come when they are read
      able_ = false;
      ranges_.clear();
    }
  }

  // Has nothing come from one byte to another any more, and then runs f.
  template <class F>
  void without(int64_t from, int64_t to, F f) {
    std::unique_lock<std::mutex> hold(lock_);
    std::deque<Range> left;  // of the ranges that are to come, what lies outside
    for (auto &[a, b] : ranges_) {
      if (a < from) left.emplace_back(a, std::min(b, from));
      if (b > to) left.emplace_back(std::max(a, to), b);
    }
    ranges_ = std::move(left);
    came_.wait(hold, [&] { return comes_.second <= from || comes_.first >= to; });
    f();
  }

 private:
  using Range = std::pair<int64_t, int64_t>;

  // Pieces are short: the system lets nobody else map memory meanwhile.
  void run() noexcept {
#ifdef MADV_POPULATE_READ
    const int64_t piece = 4 << 20;
    std::unique_lock<std::mutex> hold(lock_);
    for (; !ranges_.empty(); came_.notify_all()) {
      auto &range = ranges_.front();
      comes_ = {range.first, std::min(range.first + piece, range.second)};
      range.first = comes_.second;
      if (range.first == range.second) ranges_.pop_front();
      hold.unlock();
      const bool can = madvise(map_.at + comes_.first, comes_.second - comes_.first, MADV_POPULATE_READ) == 0;
      hold.lock();
      comes_ = {};
      if (can) continue;
      able_ = false;  // an older system, or the file was cut short
      ranges_.clear();
    }
    loads_ = false;
#endif
  }

  const Mapping &map_;
  std::mutex lock_;
  std::deque<Range> ranges_;      // what is to come
  Range comes_{};                 // the piece that is coming now
  std::condition_variable came_;  // a piece has
  bool loads_ = false;            // the thread is at it
  bool able_ = true;              // the system can, and somebody wants it
  std::thread thread_;
};

struct golens_file : golens::Counted {
  std::shared_ptr<Mapping> map;
  Preloader preloader{*map};  // goes before the mapping does
  explicit golens_file(const char *path) : map(std::make_shared<Mapping>(path)) {}
};

char *golens_file_map(const char *path, golens_file **out) {
  return guard([&] { *out = new golens_file(path); });
}

char *golens_file_check(const golens_file *f) {
  return guard([&] { f->map->check(); });
}

char *golens_file_tensor(const golens_file *f, int64_t offset, int64_t bytes, int dtype, const int64_t *dims, int ndim,
                         golens_tensor **out) {
  return guard([&] {
    auto type = scalar(dtype);
    at::IntArrayRef shape(dims, ndim);
    auto owner = f->map;
    TORCH_CHECK(offset >= 0 && bytes >= 0 && offset <= owner->bytes - bytes, "the file has ", owner->bytes, " bytes, and ",
                bytes, " from ", offset, " on lie outside it");
    owner->check();
    at::Tensor t;
    // A number that does not lie on its own boundary may not be read in place.
    if (offset % static_cast<int64_t>(c10::elementSize(type)) != 0) {
      t = made(bytes, type, shape);
      owner->read(static_cast<char *>(t.data_ptr()), offset, bytes);
    } else {
      t = at::from_blob(owner->at + offset, shape, [owner](void *) {}, at::dtype(type));
      check_size(t, bytes);
    }
    *out = new golens_tensor(std::move(t));
  });
}

char *golens_file_preload(golens_file *f, int64_t offset, int64_t bytes) {
  return guard([&] {
    if (offset < 0 || bytes <= 0 || bytes > f->map->bytes || offset > f->map->bytes - bytes) return;
    const int64_t page = sysconf(_SC_PAGESIZE);
    f->preloader.add(offset / page * page, offset + bytes);
  });
}

// Calls f(from, to) for each run of pages in a range that are as in the file: not for those
// that somebody wrote to, which are copies of the process's own.
template <class F>
static void each_unchanged(const Mapping &map, int64_t from, int64_t to, F f) {
  // A page's entry: bit 63 says that it is in memory, 62 that it was swapped out, which
  // only copies are, and 61 that it is the file's (or memory shared with others).
  constexpr uint64_t present = 1ull << 63, swapped = 1ull << 62, of_file = 1ull << 61;
  struct Entries {
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    ~Entries() {
      if (fd >= 0) close(fd);
    }
  } entries;
  TORCH_CHECK(entries.fd >= 0, "/proc/self/pagemap, which tells changed pages, cannot be opened: ", strerror(errno));
  const int64_t page = sysconf(_SC_PAGESIZE), first = reinterpret_cast<intptr_t>(map.at) / page;
  std::vector<uint64_t> some(std::min<int64_t>(1 << 16, (to - from) / page));
  int64_t begun = from;  // of the run
  for (int64_t at = from; at < to;) {
    const size_t n = std::min<int64_t>(some.size(), (to - at) / page);
    TORCH_CHECK(pread(entries.fd, some.data(), n * sizeof(uint64_t), (first + at / page) * sizeof(uint64_t)) == static_cast<ssize_t>(n * sizeof(uint64_t)),
                "/proc/self/pagemap, which tells changed pages, cannot be read");
    for (size_t i = 0; i < n; i++, at += page) {
      if (!((some[i] & present && !(some[i] & of_file)) || some[i] & swapped)) continue;
      if (begun < at) f(begun, at);
      begun = at + page;
    }
  }
  if (begun < to) f(begun, to);
}

char *golens_file_forget(golens_file *f, int64_t offset, int64_t bytes) {
  return guard([&] {
    const auto &map = *f->map;
    const int64_t page = sysconf(_SC_PAGESIZE);
    if (offset < 0 || bytes <= 0 || offset >= map.bytes) return;
    const int64_t end = offset + std::min(bytes, map.bytes - offset);
    // Whole pages only: what shares a page with the bytes stays.
    const int64_t from = (offset + page - 1) / page * page, to = end / page * page;
    if (to <= from) return;
    f->preloader.without(from, to, [&] {
      each_unchanged(map, from, to, [&](int64_t a, int64_t b) { madvise(map.at + a, b - a, MADV_DONTNEED); });
    });
  });
}

void golens_file_free(golens_file *f) { delete f; }
