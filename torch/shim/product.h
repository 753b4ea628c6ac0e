// What computes a module in the place of its text: the kernels of kernel/kernel.h, on
// weights where they lie, or packed for them.
#pragma once
#include <torch/csrc/jit/api/module.h>

#include <memory>
#include <unordered_map>

#include "guard.h"
#include "kernel/kernel.h"

namespace golens {

// A weight matrix as kernels read it: where it lies, or in panels in memory of large pages.
class Weight : Counted {
 public:
  Weight(const golens_kernel *set, const at::Tensor &w, bool by_input, bool packed);
  ~Weight();
  golens_matrix matrix() const { return m_; }

 private:
  void pack(const golens_kernel *set);

  golens_matrix m_{};
  at::Tensor where_;     // it lies, unless it was packed
  void *map_ = nullptr;  // the panels' memory
  size_t bytes_ = 0;
};

struct Product {
  enum Kind { linear, each, gelu, gelu_by_parts } kind;
  torch::jit::Module at;  // kept, so that its identity stays its own
  std::shared_ptr<const Weight> w;
  at::Tensor bias;  // undefined for none
  golens_order order;
  int64_t rows;  // which alone it serves, 0 for any number
};

// Computes a module of one argument x that lies on top of the stack, behind itself, and
// puts the result in their place. False where x is not what kernels can read: nothing was
// done then, and the text has the word.
bool run_product(const Product &p, const golens_kernel *set, torch::jit::Function *text, torch::jit::Stack &stack);

}  // namespace golens

struct golens_weight {
  std::shared_ptr<const golens::Weight> w;
};

struct golens_products : golens::Counted {
  const golens_kernel *set;
  std::unordered_map<const void *, golens::Product> of;  // by the identity of the module
  explicit golens_products(const golens_kernel *s) : set(s) {}
};
