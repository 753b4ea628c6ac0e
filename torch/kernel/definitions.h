// Statistics of a whole row of logits by their definitions, in double: for rows with NaN
// or infinities, as PyTorch has them.
#pragma once
#include <cstdint>
#include <vector>

namespace golens {

// The largest of x and log(sum exp(x - largest)), NaN where one is in x.
struct LogSum {
  double largest, log;
  // As torch.logsumexp: an infinite maximum is its own.
  double log_sum_exp() const;
  // As torch.log_softmax: NaN throughout where the largest is infinite.
  double log_probability(double x) const;
};
LogSum log_sum(const std::vector<float> &x);

// Where a word stands among n logits: rank is 1 + the number of larger ones, and ties the
// number of other words with an equal one. NaN stands behind all numbers: it is never
// counted, and a word whose own logit is NaN has the last rank, n, and no ties.
struct Standing {
  int64_t rank = 1, ties = -1;  // before any logit is counted; the word will find itself

  // Ends the counting for a word of this logit.
  void end(float logit, int64_t n);
};

// The ids of the n largest: NaN before all else, then value descending, id ascending.
std::vector<int32_t> largest(const std::vector<float> &x, int64_t n);

}  // namespace golens
