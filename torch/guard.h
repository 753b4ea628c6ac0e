// The guard that every entry of the C boundary runs in, and the count of what is live.
// Light on purpose: it includes no more of libtorch than it needs, since that is
// what the time to build this package goes into.
#pragma once
#if !__has_include(<ATen/core/Tensor.h>)
#error "golens: the headers of libtorch were not found. Run 'make setup' in the golens folder, or set CGO_CXXFLAGS and CGO_LDFLAGS to what 'make env' prints and build with -tags libtorch_env."
#endif
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>

#include "golens.h"

namespace torch::jit {
void setGraphExecutorOptimize(bool o);  // of runtime/graph_executor.h, which includes all of the interpreter
}

namespace golens {

inline std::atomic<int64_t> live{0};

struct Counted {
  Counted() { live++; }
  ~Counted() { live--; }
  Counted(const Counted &) = delete;
};

// The message of an exception in two parts: the cause for people, one line, and
// the whole of it. TorchScript's interpreter puts a traceback in front of the
// cause, which then follows the last mark of this kind.
inline char *message(const std::string &what) {
  const std::string marks[] = {"RuntimeError: ", "AssertionError: "};
  size_t from = 0;
  for (const auto &mark : marks) {
    size_t at = what.rfind(mark);
    if (at != std::string::npos) from = std::max(from, at + mark.size());
  }
  std::string cause = what.substr(from, what.find('\n', from) - from);
  if (cause != what) cause += "\x1e" + what;
  return strdup(cause.c_str());
}

// Runs f with what every entry needs, set per call since these are thread-local
// and a goroutine changes threads: inference mode; the graph optimizer off, which
// would split addmm and change bits; and the thread count, which a fresh thread
// does not have. No exception passes.
template <class F>
char *guard(F f) noexcept {
  try {
    at::init_num_threads();
    torch::jit::setGraphExecutorOptimize(false);
    c10::InferenceMode inference;
    f();
    return nullptr;
  } catch (const c10::Error &e) {
    return message(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return message(e.what());
  } catch (...) {
    return strdup("unknown C++ exception");
  }
}

}  // namespace golens

struct golens_tensor : golens::Counted {
  at::Tensor t;
  explicit golens_tensor(at::Tensor x) : t(std::move(x)) {}
};
