#include "definitions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace golens {

LogSum log_sum(const std::vector<float> &x) {
  double m = -std::numeric_limits<double>::infinity(), s = 0;
  for (float v : x) {
    if (std::isnan(v)) return {v, v};
    m = std::max<double>(m, v);
  }
  for (float v : x) s += std::exp(v - m);
  return {m, std::log(s)};
}

double LogSum::log_sum_exp() const { return std::isinf(largest) ? largest : largest + log; }

double LogSum::log_probability(double x) const {
  return std::isinf(largest) ? std::numeric_limits<double>::quiet_NaN() : (x - largest) - log;
}

void Standing::end(float logit, int64_t n) {
  if (std::isnan(logit)) rank = n, ties = 0;
}

std::vector<int32_t> largest(const std::vector<float> &x, int64_t n) {
  std::vector<int32_t> ids(x.size());
  std::iota(ids.begin(), ids.end(), 0);
  auto before = [&](int32_t a, int32_t b) {
    if (std::isnan(x[a]) || std::isnan(x[b])) return std::isnan(x[a]) && (!std::isnan(x[b]) || a < b);
    return x[a] > x[b] || (x[a] == x[b] && a < b);
  };
  std::partial_sort(ids.begin(), ids.begin() + n, ids.end(), before);
  ids.resize(n);
  return ids;
}

}  // namespace golens
