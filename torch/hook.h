// Hooks on TorchScript modules, which libtorch does not offer.
#pragma once
#include <torch/csrc/jit/api/module.h>

#include <unordered_map>
#include <vector>

#include "guard.h"

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

// The methods that were put in place of a unit's own. They must live as long as
// the classes, so every handle of a module of the unit holds them.
struct Interposer {
  bool ran = false;     // a method ran before interposition: its callees are inlined, hooks would not be called
  bool placed = false;  // methods were replaced: an archive saved now could not be loaded
  std::unordered_map<const void *, bool> types;
  std::vector<std::unique_ptr<torch::jit::Function>> methods;
  void place(const torch::jit::Module &m);
};

// The one interposer of a compilation unit.
std::shared_ptr<Interposer> interposer_of(const std::shared_ptr<torch::jit::CompilationUnit> &unit);

std::vector<at::IValue> values_of(const golens_value *v, int n);

}  // namespace golens

struct golens_module : golens::Counted {
  std::shared_ptr<golens::Interposer> hooks;  // declared first: outlives the types that point into it
  torch::jit::Module m;
  explicit golens_module(torch::jit::Module x)
      : hooks(golens::interposer_of(x._ivalue()->compilation_unit())), m(std::move(x)) {}
};
