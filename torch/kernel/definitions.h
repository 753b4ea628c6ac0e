// Statistics of a whole row of logits by their definitions, in double: for rows with NaN
// or infinities, as PyTorch has them.
#pragma once
#include <cstdint>
#include <vector>

namespace golens {

// As torch.logsumexp: with an infinite maximum it is that maximum; NaN where one is in x.
double log_sum_exp(const std::vector<float> &x);

// As torch.log_softmax: x - max - log(sum exp(x - max)), NaN throughout where the largest is infinite.
double log_probability(const std::vector<float> &x, int64_t v, double log_sum_exp);

// The ids of the n largest: NaN before all else, then value descending, id ascending.
std::vector<int32_t> largest(const std::vector<float> &x, int64_t n);

}  // namespace golens
