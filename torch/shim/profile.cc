// What libtorch's own profiler counts: operators, and on a GPU kernels and transfers.
#include <torch/csrc/autograd/profiler_kineto.h>

#include <sstream>

#include "guard.h"

using golens::guard;

namespace {

namespace profiler = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

struct Copies {
  int64_t count = 0, bytes = 0;
  void add(int64_t n) { count++, bytes += n; }
};

// The bytes of a transfer, which kineto tells in its metadata, a piece of JSON; 0 where
// this libtorch has none.
template <class Event>
int64_t bytes_of(const Event &e) {
  if constexpr (requires { e.metadataJson(); }) {
    const std::string json = e.metadataJson();
    const char *key = "\"bytes\":";
    if (auto at = json.find(key); at != std::string::npos) return std::strtoll(json.c_str() + at + strlen(key), nullptr, 10);
  }
  return 0;
}

}  // namespace

// The profiler belongs to a thread of the system: both calls must come from one, and so
// must everything between. It asks about CUDA, so golens_cuda_open comes before.
char *golens_profile_begin(int cuda) {
  return guard([&] {
    const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
    std::set<ActivityType> activities{ActivityType::CPU};
    if (cuda) activities.insert(ActivityType::CUDA);
    profiler::prepareProfiler(config, activities);
    profiler::enableProfiler(config, activities);
  });
}

char *golens_profile_end(char **text) {
  return guard([&] {
    const auto result = profiler::disableProfiler();
    int64_t operators = 0, kernels = 0, busy = 0;
    Copies to, from, within;
    for (const auto &e : result->events()) {
      const std::string name = e.name();
      if (e.deviceType() == c10::DeviceType::CPU) {
        operators += name.rfind("aten::", 0) == 0;
      } else if (name.find("HtoD") != std::string::npos) {
        to.add(bytes_of(e));
      } else if (name.find("DtoH") != std::string::npos) {
        from.add(bytes_of(e));
      } else if (name.rfind("Memcpy", 0) == 0) {
        within.add(bytes_of(e));
      } else if (name.rfind("Memset", 0) != 0) {
        kernels++;
        busy += e.durationNs();
      }
    }
    std::ostringstream s;
    s << operators << ' ' << kernels << ' ' << busy << ' ' << to.count << ' ' << to.bytes << ' ' << from.count << ' ' << from.bytes << ' '
      << within.count << ' ' << within.bytes;
    *text = golens::copy(s.str());
  });
}
