// The library itself: versions, threads, and CUDA on demand.
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <map>
#include <sstream>

#include "guard.h"
#include "kernel/kernel.h"

using golens::guard;

namespace caffe2 {
// Of caffe2/core/common.h; weak, so that a libtorch without it serves as well.
__attribute__((weak)) const std::map<std::string, std::string> &GetBuildOptions();
}  // namespace caffe2

// CUDA's part of libtorch is not linked: it is opened when a cuda device is asked
// for. That must come before any other question about CUDA, since an earlier one
// fixes the answer "none" for good. It is never closed again.
char *golens_cuda_open(int *count) {
  return guard([&] {
    TORCH_CHECK(dlopen("libcuda.so.1", RTLD_NOW), "no NVIDIA driver is here (libcuda.so.1 was not found)");
    if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
      TORCH_CHECK(false, "this libtorch has no usable CUDA part: ", dlerror());
    *count = static_cast<int>(at::globalContext().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0);
    TORCH_CHECK(*count > 0, "an NVIDIA driver was found, but no device it can use (is the driver too old?)");
  });
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
    s << "version\t" << TORCH_VERSION << "\ncommit\t" << commit << "\ncapability\t" << at::get_cpu_capability() << "\nmkl\t"
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

int golens_threads(void) {
  const int n = golens::threads;
  return n > 0 ? n : at::get_num_threads();
}

static void parallel_for(int64_t n, golens_task *task, void *of) {
  golens::use_threads();
  at::parallel_for(0, n, 1, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) task(of, i);
  });
}

void *golens_parallel_for_kernels(void) { return reinterpret_cast<void *>(parallel_for); }
