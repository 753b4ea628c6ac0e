// How a hook comes to be called. Every method whose name begins with "forward"
// is taken out of its class, and a function of the same schema is put there that
// runs the original and then looks for the module at hand in the table of the
// call. The methods must be replaced before the first run: a run compiles callers
// with their callees inlined, and would never come by here.
#include "hook.h"

#include <ATen/core/builtin_function.h>

#include <map>
#include <mutex>

extern "C" char *golensGoHook(uintptr_t go, int index, golens_tensor *x, golens_tensor **y);

namespace golens {

static thread_local Table *active = nullptr;

Active::Active(Table *t) : former(active) { active = t; }
Active::~Active() { active = former; }

std::shared_ptr<Interposer> interposer_of(const std::shared_ptr<torch::jit::CompilationUnit> &unit) {
  static std::mutex lock;
  static std::map<const void *, std::weak_ptr<Interposer>> known;
  std::lock_guard<std::mutex> hold(lock);
  auto &entry = known[unit.get()];
  auto found = entry.lock();
  if (!found) {
    for (auto it = known.begin(); it != known.end();)
      it = it->second.expired() && it->first != unit.get() ? known.erase(it) : std::next(it);
    found = std::make_shared<Interposer>();
    known[unit.get()] = found;
  }
  return found;
}

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
    return s.fn->m.get_method(s.method)(std::move(args)).toTensor();
  }
  golens_tensor *y = nullptr;
  char *failed = golensGoHook(table.go, s.index, new golens_tensor(x), &y);  // Go owns the argument
  std::unique_ptr<golens_tensor> owned(y);
  if (failed) {
    std::string text(failed);
    free(failed);
    throw std::runtime_error(text);
  }
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

void Interposer::place(const torch::jit::Module &m) {
  TORCH_CHECK(!ran, "this module has already run, and hooks set now would never be called: load it again");
  for (const auto &sub : m.modules()) {
    auto type = sub.type();
    if (types[type.get()]) continue;
    types[type.get()] = true;
    for (auto *fn : std::vector<torch::jit::Function *>(type->methods())) {
      if (fn->name().rfind("forward", 0) != 0) continue;
      const size_t n = fn->getSchema().arguments().size();
      auto hooked = [fn, n](torch::jit::Stack &stack) {
        Point *p = nullptr;
        if (active) {
          auto it = active->points.find(stack[stack.size() - n].toObject().get());
          if (it != active->points.end()) p = &it->second;
        }
        if (!p) {
          fn->run(stack);
          return;
        }
        for (int i : p->numbers) active->hits[i]++;
        if (n > 1) apply(p->input, stack[stack.size() - n + 1], *active);
        fn->run(stack);
        apply(p->output, stack.back(), *active);
      };
      type->unsafeRemoveMethod(fn->name());
      methods.push_back(std::make_unique<torch::jit::BuiltinOpFunction>(c10::QualifiedName(*type->name(), fn->name()),
                                                                        fn->getSchema(), std::move(hooked)));
      type->addMethod(methods.back().get());
    }
  }
  placed = true;
}

}  // namespace golens
