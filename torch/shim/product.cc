// Modules computed by kernels: products, and GELU in few passes.
#include "hook.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scalar_tensor.h>

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

using golens::guard;

namespace golens {

static golens_parallel *on_threads() { return reinterpret_cast<golens_parallel *>(golens_parallel_for_kernels()); }

static bool readable(const at::Tensor &x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.layout() == at::kStrided; }

Weight::Weight(const golens_kernel *set, const at::Tensor &w, bool by_input, bool packed) {
  TORCH_CHECK(readable(w) && w.dim() == 2 && w.numel() > 0, "kernels take a weight of two dimensions in float32 on the CPU, and this is ",
              w.scalar_type(), " of shape ", w.sizes(), " on ", w.device());
  const int out = by_input ? 1 : 0, in = 1 - out;
  m_ = {w.data_ptr<float>(), nullptr, w.size(out), w.size(in), w.stride(out), w.stride(in)};
  if (packed) {
    pack(set);
  } else {
    where_ = w;
  }
}

void Weight::pack(const golens_kernel *set) {
  const size_t page = size_t{1} << 21, size = size_t(m_.n + 31) / 32 * 32 * size_t(m_.k) * sizeof(float);
  bytes_ = size + page;
  map_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  TORCH_CHECK(map_ != MAP_FAILED, "there is no memory for ", size, " bytes of packed weights: ", strerror(errno));
  auto *at = reinterpret_cast<float *>((reinterpret_cast<uintptr_t>(map_) + page - 1) / page * page);
  madvise(at, size, MADV_HUGEPAGE);  // where it is not to be had, pages are small
  set->pack(&m_, at, on_threads());
  m_.packed = at;
  m_.w = nullptr;  // whose it is, it may go
}

Weight::~Weight() {
  if (map_) munmap(map_, bytes_);
}

static at::Tensor multiply(const Product &p, const golens_kernel *set, const at::Tensor &given) {
  auto x = given.contiguous();
  auto m = p.w->matrix();
  auto shape = x.sizes().vec();
  shape.back() = m.n;
  auto y = at::empty(shape, x.options());
  const float *bias = p.bias.defined() ? p.bias.data_ptr<float>() : nullptr;
  // So many rows at a time stay in the outer caches while all panels pass.
  const int64_t rows = x.numel() / m.k, most = 252;
  for (int64_t i = 0; i < rows; i += most)
    TORCH_CHECK(set->linear(x.data_ptr<float>() + i * m.k, std::min(most, rows - i), m.k, &m, bias, p.order, y.data_ptr<float>() + i * m.n, m.n,
                            on_threads()) == 0,
                "there is no memory for the rows of a product");
  return y;
}

// Runs a text on each row of a batch x [B,...] by itself.
static at::Tensor row_by_row(torch::jit::Function *text, const at::IValue &self, const at::Tensor &x) {
  std::vector<at::Tensor> parts;
  for (int64_t b = 0; b < x.size(0); b++) {
    torch::jit::Stack one{self, x.narrow(0, b, 1)};
    text->run(one);
    parts.push_back(one.back().toTensor());
  }
  return at::cat(parts, 0);
}

// gelu_new, operation by operation as its text has it,
//   0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * pow(x, 3.0)))),
// on parts of x that stay in a core's cache from the first to the last. An element has
// the same bits: nothing here looks at its neighbours.
static at::Tensor gelu_by_parts(const at::Tensor &given) {
  auto x = given.contiguous();
  auto y = at::empty_like(x);
  auto from = x.view({-1}), to = y.view({-1});
  const int64_t n = x.numel(), most = 32768;
  const int64_t parts = std::max<int64_t>(n >= most ? at::get_num_threads() : 1, (n + most - 1) / most);
  const int64_t size = ((n + parts - 1) / parts + 63) / 64 * 64;
  auto part = [&](int64_t i) {
    c10::InferenceMode inference;  // a thread of the team does not know of it
    const int64_t length = std::min(size, n - i * size);
    auto a = from.narrow(0, i * size, length), b = to.narrow(0, i * size, length);
    auto inner = at::pow(a, 3.0);
    inner.mul_(0.044715).add_(a).mul_(0.7978845608028654).tanh_().add_(1.0);
    at::mul_out(b, a, at::scalar_tensor(0.5, at::kDouble));
    b.mul_(inner);
  };
  on_threads()((n + size - 1) / size, [](void *of, int64_t i) { (*static_cast<decltype(part) *>(of))(i); }, &part);
  return y;
}

static at::Tensor gelu_in_one_pass(const golens_kernel *set, const at::Tensor &given) {
  auto x = given.contiguous();
  auto y = at::empty_like(x);
  const float *from = x.data_ptr<float>();
  float *to = y.data_ptr<float>();
  const int64_t n = x.numel(), size = 16384;
  auto part = [&](int64_t i) { set->gelu_tanh(from + i * size, to + i * size, std::min(size, n - i * size)); };
  on_threads()((n + size - 1) / size, [](void *of, int64_t i) { (*static_cast<decltype(part) *>(of))(i); }, &part);
  return y;
}

bool run_product(const Product &p, const golens_kernel *set, torch::jit::Function *text, torch::jit::Stack &stack) {
  const at::IValue &arg = stack.back();
  if (!arg.isTensor()) return false;
  const at::Tensor x = arg.toTensor();
  if (!readable(x) || x.dim() < 1 || x.numel() == 0) return false;
  at::Tensor y;
  switch (p.kind) {
    case Product::linear:
      if (x.size(-1) != p.w->matrix().k || (p.rows && x.numel() != p.rows * x.size(-1))) return false;
      y = multiply(p, set, x);
      break;
    case Product::each:
      if (x.dim() < 3 || x.size(0) == 1) return false;
      y = row_by_row(text, stack[stack.size() - 2], x);
      break;
    case Product::gelu_by_parts: y = gelu_by_parts(x); break;
    case Product::gelu: y = gelu_in_one_pass(set, x); break;
  }
  stack.resize(stack.size() - 2);
  stack.emplace_back(std::move(y));
  return true;
}

static void put(golens_products *to, Product p) {
  TORCH_CHECK(is_ready(p.at), "the module of a kernel was not made ready for hooks");
  to->of.insert_or_assign(p.at._ivalue().get(), std::move(p));
}

}  // namespace golens

char *golens_weight_new(const void *set, const golens_tensor *w, int by_input, int pack, golens_weight **out) {
  return guard([&] {
    *out = new golens_weight{std::make_shared<golens::Weight>(static_cast<const golens_kernel *>(set), w->t, by_input != 0, pack != 0)};
  });
}

void golens_weight_free(golens_weight *w) { delete w; }

char *golens_products_new(const void *set, golens_products **out) {
  return guard([&] { *out = new golens_products(static_cast<const golens_kernel *>(set)); });
}

char *golens_products_linear(golens_products *to, const golens_module *at, const golens_weight *w, const golens_tensor *bias, int64_t order, int64_t rows) {
  return guard([&] {
    auto b = bias ? bias->t : at::Tensor();
    TORCH_CHECK(!b.defined() || (golens::readable(b) && b.is_contiguous() && b.dim() == 1 && b.size(0) == w->w->matrix().n),
                "a bias of shape ", b.sizes(), " in ", b.scalar_type(), " does not fit ", w->w->matrix().n, " outputs");
    golens::put(to, {golens::Product::linear, at->m, w->w, b, order, rows});
  });
}

char *golens_products_each(golens_products *to, const golens_module *at) {
  return guard([&] { golens::put(to, {golens::Product::each, at->m, nullptr, {}, 0, 0}); });
}

char *golens_products_gelu(golens_products *to, const golens_module *at, int by_parts) {
  return guard([&] { golens::put(to, {by_parts ? golens::Product::gelu_by_parts : golens::Product::gelu, at->m, nullptr, {}, 0, 0}); });
}

void golens_products_free(golens_products *p) { delete p; }
