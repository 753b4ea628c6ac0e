// The library itself: versions, threads, and CUDA on demand.
#include <ATen/Context.h>
#include <ATen/Version.h>

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <sstream>

#include "guard.h"
#include "kernel/kernel.h"

using golens::guard;

namespace caffe2 {
// Of caffe2/core/common.h; weak, so that a libtorch without it serves as well.
__attribute__((weak)) const std::map<std::string, std::string> &GetBuildOptions();
}  // namespace caffe2

// The path of another library in the folder of the libtorch that is loaded.
static std::string beside_libtorch(const char *name) {
  Dl_info where;
  const bool known = dladdr(reinterpret_cast<void *>(&at::get_openmp_version), &where) != 0;
  const std::string path = known ? where.dli_fname : "";
  return path.substr(0, path.rfind('/') + 1) + name;
}

// CUDA's part of libtorch is not linked: it is opened when a cuda device is asked
// for. That must come before any other question about CUDA, since an earlier one
// fixes the answer "none" for good. It is never closed again.
char *golens_cuda_open(int *count, int *present) {
  return guard([&] {
    *present = 0;
    void *driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (!driver) {
      const std::string why = dlerror();
      TORCH_CHECK(why.find("cannot open shared object file: No such file") == std::string::npos, "no NVIDIA driver is here (libcuda.so.1 was not found)");
      *present = 1;
      TORCH_CHECK(false, "the NVIDIA driver cannot be opened: ", why);
    }
    // What the driver itself says comes first: a machine without a GPU may have one.
    auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
    auto devices = reinterpret_cast<int (*)(int *)>(dlsym(driver, "cuDeviceGetCount"));
    constexpr int no_device = 100;  // CUDA_ERROR_NO_DEVICE
    int here = 0, failed = init ? init(0) : -1;
    if (!failed) failed = devices ? devices(&here) : -1;
    TORCH_CHECK(failed != no_device && (failed || here > 0), "an NVIDIA driver is here, and no GPU");
    *present = 1;
    TORCH_CHECK(!failed, "the NVIDIA driver does not work (it answers with error ", failed, "): does nvidia-smi?");
    if (!dlopen(beside_libtorch("libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL))
      TORCH_CHECK(false, "this libtorch has no usable CUDA part: ", dlerror());
    *count = static_cast<int>(at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0);
    TORCH_CHECK(*count > 0, "an NVIDIA driver was found, but no device it can use (is the driver too old?)");
    // Float32 is float32, whatever the environment says (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE).
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
  });
}

// Asked of the driver, whose header is not among libtorch's.
char *golens_cuda_major(int index, int *major) {
  return guard([&] {
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    TORCH_CHECK(driver, "no NVIDIA driver is open");
    auto get = reinterpret_cast<int (*)(int *, int)>(dlsym(driver, "cuDeviceGet"));
    auto attribute = reinterpret_cast<int (*)(int *, int, int)>(dlsym(driver, "cuDeviceGetAttribute"));
    constexpr int compute_capability_major = 75;
    int device = 0;
    const int failed = !get || !attribute ? -1 : get(&device, index);
    TORCH_CHECK(!failed && !attribute(major, compute_capability_major, device), "the NVIDIA driver does not say what device ", index, " is");
  });
}

char *golens_cuda_tf32(int allow) {
  return guard([&] { at::globalContext().setAllowTF32CuBLAS(allow != 0); });
}

// Not at::show_config, which asks about CUDA (see above).
char *golens_describe(char **text) {
  return guard([&] {
    std::string commit;
    if (caffe2::GetBuildOptions) {
      const auto &options = caffe2::GetBuildOptions();
      if (auto it = options.find("COMMIT_SHA"); it != options.end()) commit = it->second;
    }
    std::ostringstream s;
    s << "commit\t" << commit << "\ncapability\t" << at::get_cpu_capability() << "\nmkl\t"
      << at::get_mkl_version() << "\nmkldnn\t" << at::get_mkldnn_version() << "\nopenmp\t" << at::get_openmp_version() << '\n';
    *text = golens::copy(s.str());
  });
}

char *golens_set_threads(int n) {
  return guard([&] {
    golens::threads = n;
    golens::use_threads();
  });
}

char *golens_threads(int *n) {
  return guard([&] { *n = at::get_num_threads(); });  // which guard has set for this thread
}

// Headers of ATen run its parallel_for on one thread unless the compiler has OpenMP on, and
// then it would link a library of its own. So the team is asked for where libtorch has it.
using Team = void(void (*)(void *), void *, unsigned, unsigned);
static std::atomic<Team *> found_team{reinterpret_cast<Team *>(dlsym(RTLD_DEFAULT, "GOMP_parallel"))};

int golens_kernel_threads(const char *symbol) {
  if (symbol) found_team = reinterpret_cast<Team *>(dlsym(RTLD_DEFAULT, symbol));
  int n = 1;
  if (found_team) free(golens_threads(&n)); // an error leaves 1
  return n;
}

static void parallel_for(int64_t n, golens_task *task, void *of) {
  Team *team = found_team;
  golens::use_threads();
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), n);
  struct Work {
    int64_t n;
    golens_task *task;
    void *of;
    std::atomic<int64_t> next{0};
    std::mutex lock;
    std::exception_ptr failed;
    // Each thread takes the next task until there is none. An exception waits for all.
    static void run(void *at) {
      auto *w = static_cast<Work *>(at);
      try {
        for (int64_t i; (i = w->next++) < w->n;) w->task(w->of, i);
      } catch (...) {
        std::lock_guard<std::mutex> hold(w->lock);
        w->failed = std::current_exception();
      }
    }
  } work{n, task, of, {}, {}, {}};
  if (team && threads > 1 && !at::in_parallel_region()) {
    team(Work::run, &work, static_cast<unsigned>(threads), 0);
  } else {
    Work::run(&work);
  }
  if (work.failed) std::rethrow_exception(work.failed);
}

void *golens_parallel_for_kernels(void) { return reinterpret_cast<void *>(parallel_for); }
