// Hooks on TorchScript modules, which libtorch does not offer.
#pragma once
#include <torch/csrc/jit/api/module.h>

#include <unordered_map>
#include <vector>

#include "product.h"

namespace golens {

struct Step {
  int kind;
  const golens_module *fn;
  const char *method;
  std::vector<at::IValue> values;
  int index;
};

// What happens at one module: before it runs, to its first argument, and after
// it, to what it returns.
struct Point {
  std::vector<Step> input, output;
  std::vector<int> numbers;  // of the steps, for counting
};

// The hooks of one call, by the identity of the module object: equal blocks share a class.
struct Table {
  std::unordered_map<const void *, Point> points;
  uintptr_t go = 0;  // handle of the call's Go hooks
  const golens_products *products = nullptr;  // modules whose text is not run
  const int32_t *stop = nullptr;  // not 0 once the call is to end; others write it
  golens_tensor **captures = nullptr;
  int64_t *hits = nullptr;
};

// The table of the call that runs on this thread. A call and what it calls stay
// on one thread, and its end puts the former table back.
struct Active {
  explicit Active(Table *t);
  ~Active();
  Table *former;
};

// Makes a module and all below it ready for hooks.
void make_ready(const torch::jit::Module &m);

// Whether a module was made ready.
bool is_ready(const torch::jit::Module &m);

// Whether a module or one below it was made ready.
bool any_ready(const torch::jit::Module &m);

// Notes that a module is about to run. One that is not ready can no longer be
// made so: running it compiles all below it into it.
void note_run(const torch::jit::Module &m);

std::vector<at::IValue> values_of(const golens_value *v, int n);

}  // namespace golens

struct golens_module : golens::Counted {
  torch::jit::Module m;
  explicit golens_module(torch::jit::Module x) : m(std::move(x)) {}
};
