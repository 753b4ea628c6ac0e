#include "definitions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace golens {

double log_sum_exp(const std::vector<float> &x) {
  double m = -std::numeric_limits<double>::infinity(), s = 0;
  for (float v : x) {
    if (std::isnan(v)) return v;
    m = std::max<double>(m, v);
  }
  if (std::isinf(m)) return m;
  for (float v : x) s += std::exp(v - m);
  return m + std::log(s);
}

double log_probability(const std::vector<float> &x, int64_t v, double lse) {
  return std::isinf(lse) ? std::numeric_limits<double>::quiet_NaN() : x[v] - lse;
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
