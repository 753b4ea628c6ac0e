// The library itself: versions, threads, and CUDA on demand.
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <sstream>

#include "guard.h"

using golens::guard;

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

char *golens_describe(char **text) {
  return guard([&] {
    std::ostringstream s;
    s << "version\t" << TORCH_VERSION << "\ncapability\t" << at::get_cpu_capability() << "\nmkl\t" << at::get_mkl_version()
      << "\nmkldnn\t" << at::get_mkldnn_version() << "\nopenmp\t" << at::get_openmp_version() << "\nconfig\t";
    for (char c : at::show_config()) s << (c == '\n' ? ' ' : c);
    s << '\n';
    *text = strdup(s.str().c_str());
  });
}

void golens_set_threads(int n) { at::set_num_threads(n); }
int golens_threads(void) { return at::get_num_threads(); }
