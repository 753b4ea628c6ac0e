// The guard that every entry of the C boundary runs in, and the count of what is live.
// Light on purpose: it includes no more of libtorch than it needs, since that is
// what the time to build this library goes into.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "golens.h"

namespace torch::jit {
void setGraphExecutorOptimize(bool o);  // of runtime/graph_executor.h, which includes all of the interpreter
}

namespace golens {

// What calls a hook of Go; set when the library is opened.
inline golens_go_hook *go_hook = nullptr;

inline std::atomic<int64_t> live{0};

struct Counted {
  Counted() { live++; }
  ~Counted() { live--; }
  Counted(const Counted &) = delete;
};

// How many threads an operation uses; 0: as many as libtorch finds right.
inline std::atomic<int> threads{0};

// libtorch keeps the number for each thread of the system, and a fresh one has
// another. Setting it anew in every call would undo what a goroutine sets beside.
inline void use_threads() {
  thread_local int used = -1;
  const int n = threads;
  if (used == n) return;
  if (n > 0) {
    at::set_num_threads(n);
  } else {
    at::init_num_threads();
  }
  used = n;
}

// A malloc'd copy. Without memory for that, NULL would mean success: the process ends.
inline char *copy(const char *s) noexcept {
  char *c = strdup(s);
  if (!c) std::terminate();
  return c;
}
inline char *copy(const std::string &s) noexcept { return copy(s.c_str()); }

// The message of an exception in two parts: the cause for people, one line, and
// the whole of it where that is more. TorchScript's interpreter puts a traceback
// in front of the cause, its compiler an empty line, and the place behind it.
inline char *message(const char *text) noexcept try {
  const std::string what(text);
  size_t from = what.rfind("\nRuntimeError: ");
  from = from == std::string::npos ? 0 : from + strlen("\nRuntimeError: ");
  for (const char *mark : {"RuntimeError: ", "AssertionError: "})
    if (what.compare(from, strlen(mark), mark) == 0) from += strlen(mark);
  from = what.find_first_not_of(" \n", from);
  if (from == std::string::npos) return copy("it failed, and libtorch gives no reason\x1e" + what);
  std::string cause = what.substr(from, what.find('\n', from) - from);
  if (auto at = cause.find("DefaultCPUAllocator: "); at != std::string::npos) cause.erase(0, at);
  if (auto at = cause.find(" This is an internal miniz error"); at != std::string::npos) cause.erase(at);
  cause.erase(cause.find_last_not_of(" .:") + 1);
  return copy(what.size() > cause.size() + 2 ? cause + "\x1e" + what : cause);
} catch (...) {  // there is no memory for the parts
  return copy(text);
}

// Runs f with what every entry needs, set per call since these are thread-local
// and a goroutine changes threads: inference mode; the graph optimizer off, which
// would split addmm and change bits; and the thread count. No exception passes.
template <class F>
char *guard(F f) noexcept {
  try {
    use_threads();
    torch::jit::setGraphExecutorOptimize(false);
    c10::InferenceMode inference;
    f();
    return nullptr;
  } catch (const c10::Error &e) {
    return message(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return message(e.what());
  } catch (...) {
    return copy("unknown C++ exception");
  }
}

}  // namespace golens

struct golens_tensor : golens::Counted {
  at::Tensor t;
  // What Go holds has sizes, a type and memory, so that asking for them cannot fail.
  explicit golens_tensor(at::Tensor x) : t(std::move(x)) {
    TORCH_CHECK(t.defined() && t.layout() == at::kStrided && t.unsafeGetTensorImpl()->has_storage(),
                "only plain tensors can be handed to Go, not sparse, nested or undefined ones");
  }
};
