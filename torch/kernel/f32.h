// What a readout multiplies with and what it keeps of the logits: here products in
// float32, whose logits are final. x3.h has the other.

// How many logits of a part of the vocabulary are above and equal to each target's.
class Above {
 public:
  explicit Above(int64_t targets) : above_(new int64_t[targets]()), equal_(new int64_t[targets]()) {}
  void add(int64_t target, const float *x, int64_t n, float logit) { count(x, n, logit, above_[target], equal_[target]); }
  int64_t above(int64_t target) const { return above_[target]; }
  int64_t equal(int64_t target) const { return equal_[target]; }

 private:
  std::unique_ptr<int64_t[]> above_, equal_;
};

class F32 {
 public:
  static constexpr bool exact = true;
  static constexpr int mr = Lanes::mr;
  static constexpr int64_t spare = 32;  // candidates beside those that are wanted
  using Found = Best;
  using Counts = Above;
  struct Bounds {};  // of a tile
  struct Beside {    // nothing is kept of other rows
    Beside(int64_t, int64_t) {}
  };

  explicit F32(const golens_readout &r) : r_(r) {}

  // Takes the rows of a block; at(i) is where row i begins.
  template <class At>
  void take(int64_t rows, At &&at, golens_parallel *par) {
    const int64_t k = r_.head.k, blocks = (rows + mr - 1) / mr;
    count_ = rows;
    rows_.resize(blocks * mr * k + 16);
    each(par, blocks, [&](int64_t b) {
      const float *from[mr];
      int64_t m = std::min<int64_t>(mr, rows - b * mr);
      for (int64_t i = 0; i < m; i++) from[i] = at(b * mr + i);
      pack_rows(from, m, k, rows_.data() + b * mr * k);
    });
  }

  // Floats of room that a thread gives to tile().
  int64_t room() const { return r_.head.k * panel_width + panel_width; }

  // The logits of all rows with panels at..at+count-1, ld apart.
  Bounds tile(int64_t at, int64_t count, float *room, float *logits, int64_t ld) const {
    const int64_t k = r_.head.k;
    for (int64_t q = 0; q < count; q++)
      product_panel(rows_.data(), count_, panel_of(r_.head, at + q, room), k, r_.order,
                    bias_of(r_.bias, r_.head.n, at + q, room + k * panel_width), logits + q * panel_width, ld,
                    Ahead(r_.head, at + q + 1));
    return {};
  }

  void look(int64_t, const Bounds &, Best &) const {}
  void count_target(int64_t target, const float *x, int64_t n, int64_t, float logit, const Best &, Above &counts) const {
    counts.add(target, x, n, logit);
  }

  // Writes the candidates of a row from those of its parts.
  bool tops(const std::vector<Best *> &found, const float *, Sums &, int64_t *top_ids, float *top_logits) const {
    std::vector<float> values;
    std::vector<int32_t> ids;
    for (const Best *b : found) {
      values.insert(values.end(), b->value, b->value + b->count);
      ids.insert(ids.end(), b->id, b->id + b->count);
    }
    Best best{values.data(), ids.data(), int32_t(values.size()), int32_t(r_.top), int32_t(values.size()), -INFINITY};
    best.sort();
    for (int64_t k = 0; k < r_.top; k++) top_logits[k] = values[k], top_ids[k] = ids[k];
    return true;
  }

  // KL(final || row), from their sums.
  bool divergence(const std::vector<Beside *> &, int64_t, int64_t, const float *, const Sums &all, const Sums &final, const int64_t *,
                  const int64_t *, const float *, double &kl) const {
    kl = all.A / final.S - std::log(final.S) + std::log(all.S);
    return true;
  }

  // Writes rank and ties of a target from the counts of all parts.
  bool rank(const std::vector<Above *> &counts, int64_t target, const float *, float, int64_t &rank, int64_t &ties) const {
    rank = 1, ties = -1;
    for (const Above *c : counts) rank += c->above(target), ties += c->equal(target);
    return true;
  }

 private:
  const golens_readout &r_;
  int64_t count_ = 0;
  std::vector<float> rows_;  // packed
};
