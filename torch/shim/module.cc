// Modules: built from source text, loaded and saved, run with hooks.
#include <ATen/ops/scalar_tensor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <map>
#include <memory>
#include <mutex>
#include <sstream>

#include "hook.h"

using golens::guard;
using torch::jit::Module;

namespace golens {

std::vector<at::IValue> values_of(const golens_value *v, int n) {
  std::vector<at::IValue> out;
  auto item = [&](int i, int kind) -> const golens_value & {
    TORCH_CHECK(i < n && v[i].kind == kind, "a list of values is shorter than its head says, or of another kind");
    return v[i];
  };
  for (int i = 0; i < n; i++) {
    switch (v[i].kind) {
      case GOLENS_NONE: out.emplace_back(); break;
      case GOLENS_TENSOR: out.emplace_back(v[i].t->t); break;
      case GOLENS_INT: out.emplace_back(v[i].i); break;
      case GOLENS_DOUBLE: out.emplace_back(v[i].d); break;
      case GOLENS_BOOL: out.emplace_back(v[i].i != 0); break;
      case GOLENS_TENSORS: {
        c10::List<at::Tensor> list;
        for (int64_t k = v[i].i; k > 0; k--) list.push_back(item(++i, GOLENS_TENSOR).t->t);
        out.emplace_back(std::move(list));
        break;
      }
      case GOLENS_INTS: {
        c10::List<int64_t> list;
        for (int64_t k = v[i].i; k > 0; k--) list.push_back(item(++i, GOLENS_INT).i);
        out.emplace_back(std::move(list));
        break;
      }
      default: TORCH_CHECK(false, "no value has the kind ", v[i].kind);
    }
  }
  return out;
}

using Owned = std::vector<std::unique_ptr<golens_tensor>>;

// Numbers become tensors without a dimension; None is left out.
static void collect(const at::IValue &v, Owned &out) {
  auto add = [&out](at::Tensor t) { out.push_back(std::make_unique<golens_tensor>(std::move(t))); };
  if (v.isTensor()) {
    add(v.toTensor());
  } else if (v.isTuple()) {
    for (const auto &e : v.toTuple()->elements()) collect(e, out);
  } else if (v.isList()) {
    for (const at::IValue &e : v.toListRef()) collect(e, out);
  } else if (v.isGenericDict()) {  // what tracing makes of a transformers output: {"logits": ...}
    for (const auto &e : v.toGenericDict()) collect(e.value(), out);
  } else if (v.isInt()) {
    add(at::scalar_tensor(v.toInt(), at::kLong));
  } else if (v.isDouble()) {
    add(at::scalar_tensor(v.toDouble(), at::kDouble));
  } else if (v.isBool()) {
    add(at::scalar_tensor(v.toBool(), at::kBool));
  } else {
    TORCH_CHECK(v.isNone(), "a method returned a ", v.tagKind(),
                "; tensors, numbers, and tuples, lists and dictionaries of them are understood");
  }
}

static Module child(Module m, const std::string &path) {
  std::stringstream parts(path);
  std::string name, so_far;
  while (std::getline(parts, name, '.')) {
    so_far += (so_far.empty() ? "" : ".") + name;
    auto next = m.hasattr(name) ? m.attr(name) : at::IValue();
    TORCH_CHECK(next.isModule(), "there is no module ", so_far);
    m = next.toModule();
  }
  return m;
}

}  // namespace golens

// Classes are shared: a class is known by its role, its text, its slots and its
// children's classes, so the twelve blocks of a model have one.
struct golens_unit {
  std::mutex lock;  // a compilation unit is not made for several threads
  std::shared_ptr<torch::jit::CompilationUnit> unit = std::make_shared<torch::jit::CompilationUnit>();
  std::map<std::string, c10::ClassTypePtr> types;
};

char *golens_unit_new(golens_unit **out) {
  return guard([&] { *out = new golens_unit; });
}

void golens_unit_free(golens_unit *u) { delete u; }

char *golens_module_define(golens_unit *u, const char *role, const char *source, const golens_slot *slots, int n,
                           golens_module **out) {
  return guard([&] {
    auto plain = [](const golens_slot &s) { return golens::values_of(&s.value, 1)[0]; };
    std::ostringstream key;
    key << role << '\n' << source << '\n';
    for (int i = 0; i < n; i++)
      key << slots[i].name << ' ' << slots[i].value.kind << ' ' << (slots[i].child ? slots[i].child->m.type().get() : nullptr)
          << '\n';
    std::lock_guard<std::mutex> hold(u->lock);
    auto known = u->types.find(key.str());
    if (known != u->types.end()) {
      Module m(u->unit, known->second);
      m.setattr("training", false);
      for (int i = 0; i < n; i++)
        m.setattr(slots[i].name, slots[i].child ? at::IValue(slots[i].child->m._ivalue()) : plain(slots[i]));
      *out = new golens_module(m);
      return;
    }
    Module m(c10::QualifiedName(std::string("__torch__.golens.") + role), u->unit, /*shouldMangle=*/true);
    m.register_attribute("training", c10::BoolType::get(), false);
    for (int i = 0; i < n; i++) {
      if (slots[i].child) {
        m.register_module(slots[i].name, slots[i].child->m);
      } else if (slots[i].value.kind == GOLENS_TENSOR) {
        m.register_parameter(slots[i].name, slots[i].value.t->t, /*is_buffer=*/false);
      } else {
        auto v = plain(slots[i]);
        m.register_attribute(slots[i].name, v.type(), v);
      }
    }
    if (*source) m.define(source);
    u->types[key.str()] = m.type();
    *out = new golens_module(m);
  });
}

char *golens_module_load(const char *path, const char *device, golens_module **out) {
  return guard([&] {
    auto m = torch::jit::load(path, c10::Device(device));
    m.eval();
    *out = new golens_module(m);
  });
}

char *golens_module_save(const golens_module *m, const char *path) {
  return guard([&] {
    TORCH_CHECK(!golens::any_ready(m->m), "this module was made ready for hooks and cannot be saved: save it before");
    m->m.save(path);
  });
}

char *golens_module_child(const golens_module *m, const char *path, golens_module **out) {
  return guard([&] { *out = new golens_module(golens::child(m->m, path)); });
}

char *golens_module_parameter(const golens_module *m, const char *path, golens_tensor **out) {
  return guard([&] {
    std::string p(path);
    size_t dot = p.rfind('.');
    std::string name = dot == std::string::npos ? p : p.substr(dot + 1);
    auto owner = golens::child(m->m, dot == std::string::npos ? "" : p.substr(0, dot));
    TORCH_CHECK(owner.hasattr(name) && owner.attr(name).isTensor(), "there is no tensor ", p);
    *out = new golens_tensor(owner.attr(name).toTensor());
  });
}

// Lines "module<TAB>path<TAB>class" and "tensor<TAB>path", a module before what it holds.
static void describe(const Module &m, const std::string &path, std::ostringstream &s) {
  s << "module\t" << path << '\t' << m.type()->name()->name() << '\n';
  auto under = [&](const std::string &name) { return path.empty() ? name : path + "." + name; };
  for (const auto &p : m.named_parameters(/*recurse=*/false)) s << "tensor\t" << under(p.name) << '\n';
  for (const auto &b : m.named_buffers(/*recurse=*/false)) s << "tensor\t" << under(b.name) << '\n';
  for (const auto &c : m.named_children()) describe(c.value, under(c.name), s);
}

char *golens_module_describe(const golens_module *m, char **text) {
  return guard([&] {
    std::ostringstream s;
    describe(m->m, "", s);
    *text = golens::copy(s.str());
  });
}

char *golens_module_has_method(const golens_module *m, const char *name, int *has) {
  return guard([&] { *has = m->m.find_method(name).has_value(); });
}

char *golens_module_interpose(const golens_module *m) {
  return guard([&] { golens::make_ready(m->m); });
}

char *golens_module_call(const golens_module *m, const char *method, const golens_value *args, int nargs,
                         const golens_products *products, const int32_t *stop, const golens_step *steps, int nsteps, const golens_value *values, int nvalues,
                         uintptr_t go, golens_tensor **captures, int64_t *hits, golens_tensor ***results, int *nresults) {
  return guard([&] {
    golens::Table table;
    table.go = go;
    table.products = products;
    table.stop = stop;
    table.captures = captures;
    table.hits = hits;
    for (int i = 0; i < nsteps; i++) {
      const auto &s = steps[i];
      TORCH_CHECK(golens::is_ready(s.at->m), "the module of a hook was not made ready for hooks");
      TORCH_CHECK(s.kind != GOLENS_CAPTURE || (s.index >= 0 && s.index < nsteps), "there is no room for a capture");
      TORCH_CHECK(s.first >= 0 && s.count >= 0 && s.first <= nvalues - s.count, "the values of a step lie outside theirs");
      if (s.kind == GOLENS_CALL) golens::note_run(s.fn->m);
      auto &p = table.points[s.at->m._ivalue().get()];
      (s.input ? p.input : p.output)
          .push_back({s.kind, s.fn, s.method, golens::values_of(values + s.first, s.count), s.index});
      p.numbers.push_back(i);
    }
    golens::note_run(m->m);
    golens::Active now(&table);
    golens::Owned all;
    golens::collect(m->m.get_method(method)(golens::values_of(args, nargs)), all);
    *results = static_cast<golens_tensor **>(malloc((all.size() + 1) * sizeof(golens_tensor *)));
    TORCH_CHECK(*results, "out of memory");
    for (size_t i = 0; i < all.size(); i++) (*results)[i] = all[i].release();
    *nresults = static_cast<int>(all.size());
  });
}

void golens_module_free(golens_module *m) { delete m; }
