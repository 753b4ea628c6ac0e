// How a hook comes to be called. Every method whose name begins with "forward"
// is taken out of its class, and a function of the same schema is put there that
// runs the original and then looks for the module at hand in the table of the
// call. The methods must be replaced before the first run: a run compiles callers
// with their callees inlined, and would never come by here.
#include "hook.h"

#include <ATen/core/builtin_function.h>

#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace golens {

static thread_local Table *active = nullptr;

Active::Active(Table *t) : former(active) { active = t; }
Active::~Active() { active = former; }

static at::Tensor run_step(const Step &s, at::Tensor x, Table &table) {
  if (s.kind == GOLENS_CAPTURE) {
    delete table.captures[s.index];  // a module that runs twice keeps its last value
    table.captures[s.index] = nullptr;
    table.captures[s.index] = new golens_tensor(x.clone());
    return x;
  }
  if (s.kind == GOLENS_CALL) {
    std::vector<at::IValue> args{x};
    args.insert(args.end(), s.values.begin(), s.values.end());
    auto y = s.fn->m.get_method(s.method)(std::move(args));
    TORCH_CHECK(y.isTensor(), s.method, " at a hook must return a tensor, not a ", y.tagKind());
    return y.toTensor();
  }
  golens_tensor *y = nullptr;
  std::unique_ptr<char, void (*)(void *)> failed(go_hook(table.go, s.index, new golens_tensor(x), &y), free);
  std::unique_ptr<golens_tensor> owned(y);  // Go owns the argument, and gave the result away
  if (failed) throw std::runtime_error(failed.get());
  return owned ? owned->t : x;
}

static void apply(const std::vector<Step> &steps, at::IValue &v, Table &table) {
  if (steps.empty()) return;
  // Hooks call modules of their own: those are not hooked.
  Active none(nullptr);
  auto change = [&](const at::IValue &x) {
    TORCH_CHECK(x.isTensor(), "a hook needs a tensor, and this point has a ", x.tagKind());
    auto t = x.toTensor();
    for (auto &s : steps) t = run_step(s, t, table);
    return t;
  };
  if (!v.isTuple()) {
    v = change(v);
    return;
  }
  auto parts = v.toTuple()->elements().vec();  // as with PyTorch's tuples, the first is the module's output
  TORCH_CHECK(!parts.empty(), "a hook needs a tensor, and this point has an empty tuple");
  parts[0] = change(parts[0]);
  v = c10::ivalue::Tuple::create(std::move(parts));
}

// Runs a method of n arguments, self among them, by its text or by a kernel in its place.
static void compute(torch::jit::Function *fn, size_t n, torch::jit::Stack &stack) {
  if (active && active->products && n == 2) {
    const auto &of = active->products->of;
    auto it = of.find(stack[stack.size() - n].toObject().get());
    if (it != of.end() && run_product(it->second, active->products->set, fn, stack)) return;
  }
  fn->run(stack);
}

// Runs a method of n arguments, self among them, and what the call's table has for its module.
static void run_hooked(torch::jit::Function *fn, size_t n, torch::jit::Stack &stack) {
  Point *p = nullptr;
  if (active) {
    if (active->stop && __atomic_load_n(active->stop, __ATOMIC_RELAXED)) throw std::runtime_error("it was stopped");
    auto it = active->points.find(stack[stack.size() - n].toObject().get());
    if (it != active->points.end()) p = &it->second;
  }
  if (!p) {
    compute(fn, n, stack);
    return;
  }
  for (int i : p->numbers) active->hits[i]++;
  TORCH_CHECK(n > 1 || p->input.empty(), "a hook at the input needs an argument, and this module takes none");
  if (n > 1) apply(p->input, stack[stack.size() - n + 1], *active);
  compute(fn, n, stack);
  apply(p->output, stack.back(), *active);
}

// What became of the classes of one compilation unit. An object keeps its unit,
// so when the unit is gone no module of these classes is left to run a method.
struct Classes {
  std::weak_ptr<torch::jit::CompilationUnit> unit;
  std::unordered_set<const void *> ran;    // as they were: they cannot be made ready any more
  std::unordered_set<const void *> ready;  // their methods were replaced
  std::vector<std::unique_ptr<torch::jit::Function>> methods;  // by these
};

// All classes, under one lock. Never destroyed, since threads may run until the process ends.
struct Known {
  std::mutex lock;
  std::map<const void *, Classes> units;

  static Known &get() {
    static auto *known = new Known;
    return *known;
  }

  Classes &of(const torch::jit::Module &m) {
    auto unit = m._ivalue()->compilation_unit();
    auto found = units.find(unit.get());
    if (found != units.end() && !found->second.unit.expired()) return found->second;
    std::erase_if(units, [](const auto &u) { return u.second.unit.expired(); });
    auto &made = units[unit.get()];
    made.unit = unit;
    return made;
  }
};

static void replace_methods(const c10::ClassTypePtr &type, Classes &classes) {
  for (auto *fn : std::vector<torch::jit::Function *>(type->methods())) {
    if (fn->name().rfind("forward", 0) != 0) continue;
    const size_t n = fn->getSchema().arguments().size();
    classes.methods.push_back(std::make_unique<torch::jit::BuiltinOpFunction>(
        c10::QualifiedName(*type->name(), fn->name()), fn->getSchema(),
        [fn, n](torch::jit::Stack &stack) { run_hooked(fn, n, stack); }));
    type->unsafeRemoveMethod(fn->name());
    type->addMethod(classes.methods.back().get());
  }
}

void make_ready(const torch::jit::Module &m) {
  auto &known = Known::get();
  std::lock_guard<std::mutex> hold(known.lock);
  for (const auto &sub : m.modules())
    TORCH_CHECK(!known.of(sub).ran.count(sub.type().get()),
                "this module has already run, and hooks set now would never be called: load or build it again");
  for (const auto &sub : m.modules()) {
    auto &classes = known.of(sub);
    if (classes.ready.insert(sub.type().get()).second) replace_methods(sub.type(), classes);
  }
}

bool is_ready(const torch::jit::Module &m) {
  auto &known = Known::get();
  std::lock_guard<std::mutex> hold(known.lock);
  return known.of(m).ready.count(m.type().get()) > 0;
}

bool any_ready(const torch::jit::Module &m) {
  for (const auto &sub : m.modules())
    if (is_ready(sub)) return true;
  return false;
}

void note_run(const torch::jit::Module &m) {
  auto &known = Known::get();
  std::lock_guard<std::mutex> hold(known.lock);
  auto &own = known.of(m);
  if (own.ready.count(m.type().get()) || own.ran.count(m.type().get())) return;
  for (const auto &sub : m.modules()) {
    auto &below = known.of(sub);
    if (!below.ready.count(sub.type().get())) below.ran.insert(sub.type().get());
  }
}

}  // namespace golens
