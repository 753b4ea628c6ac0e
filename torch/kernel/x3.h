// The readout with logits from split bfloat16 (x3): fast where a processor multiplies
// those, and certain of what it says. With h and w in parts (x3_split.h)
//
//   h.w = hi.hi + hi.lo + lo.hi  +  lo.lo + (what the parts of h lack).w + h'.(what those of w lack)
//
// the first three are computed and the others bounded by norms (Cauchy and Schwarz), as
// are the roundings of both this sum and the float32 one, n of them on a product's way:
//
//   margin = |lo_h||lo_w| + |d_h||w| + (|h|+|d_h|)|d_w| + n 2^-24 (|h||w| + |bias|)
//
// Norms of w are the largest of a tile. The words that may be among the best by this
// margin, and those that may lie on the other side of a target, are computed again in
// float32 in the order that was asked for: candidates, their logits, ranks and ties are
// float32's own. They also show how far off logits are. A row with too many such words, with
// too wide a margin, with a KL that may be off too far, or with what is no finite number is
// read in float32 altogether.

template <class Product>
class X3 {
 public:
  static constexpr bool exact = false;
  static constexpr int64_t spare = 96;
  static constexpr float behind = 10;  // nats behind the largest, where terms of KL are small
  using Found = Near;
  using Beside = Besides;
  using Counts = Around;
  struct Bounds {
    Norms norms;
    float bias = 0;
  };

  explicit X3(const golens_readout &r) : r_(r), k_((r.head.k + Product::step - 1) / Product::step * Product::step) {
    const int64_t k = r.head.k, chain = std::min<int64_t>(r.order, k);
    roundings_ = (Product::roundings(k_) + chain + (k + chain - 1) / chain + 1) * 0x1p-24f;
  }

  template <class At>
  void take(int64_t rows, At &&at, golens_parallel *par) {
    constexpr int mr = Product::mr, pitch = Product::pitch;
    const int64_t k = r_.head.k, blocks = (rows + mr - 1) / mr, words = Product::words(k_);
    count_ = rows;
    rows_.resize(blocks * words + 16);
    norms_.resize(blocks * pitch);
    around_ = std::make_unique<std::atomic<int32_t>[]>(rows * r_.count);
    for (int64_t i = 0; i < rows * r_.count; i++) around_[i] = 0;
    each(par, blocks, [&](int64_t b) {
      thread_local std::vector<float> turned;
      thread_local std::vector<uint32_t> planes;
      turned.assign(k * pitch, 0);
      planes.resize(k_ * pitch);
      for (int64_t i = 0; i < std::min<int64_t>(mr, rows - b * mr); i++) {
        const float *x = at(b * mr + i);
        for (int64_t c = 0; c < k; c++) turned[c * pitch + i] = x[c];
      }
      split<pitch>(turned.data(), k, k_, planes.data(), planes.data() + k_ / 2 * pitch, &norms_[b * pitch]);
      Product::pack(planes.data(), k_, first() + b * words);
    });
  }

  // A panel in float32, its planes, and its part of the bias.
  int64_t room() const { return (r_.head.k + k_) * panel_width + panel_width; }

  Bounds tile(int64_t at, int64_t count, float *room, float *logits, int64_t ld) const {
    [[maybe_unused]] typename Product::Use use;
    Bounds out;
    uint32_t *hi = reinterpret_cast<uint32_t *>(room), *lo = hi + k_ / 2 * panel_width;
    float *panel = room + k_ * panel_width, *bias_room = panel + r_.head.k * panel_width;
    for (int64_t q = 0; q < count; q++) {
      Norms norms[panel_width];
      split<panel_width>(panel_of(r_.head, at + q, panel).at, r_.head.k, k_, hi, lo, norms);
      for (const Norms &n : norms) out.norms.include(n);
      const float *bias = bias_of(r_.bias, r_.head.n, at + q, bias_room);
      for (int64_t j = 0; bias && j < panel_width; j++) out.bias = std::fabs(bias[j]) <= out.bias ? out.bias : std::fabs(bias[j]);
      Product::panel(first(), count_, hi, lo, k_, bias, logits + q * panel_width, ld, Ahead(r_.head, at + q + 1));
    }
    return out;
  }

  // Sets the margin of row i in a tile.
  void look(int64_t i, const Bounds &b, Near &found) const {
    const Norms &h = norms_[i / Product::mr * Product::pitch + i % Product::mr], &w = b.norms;
    const float size = h.whole * w.whole + b.bias;
    const float margin = 1.05f * (h.low * w.low + h.rest * w.whole + (h.whole + h.rest) * w.rest + roundings_ * size) + 1e-30f;
    found.margin = margin;
    if (!(margin <= widest() && size < 1e3f)) found.lost = true;
  }

  void count_target(int64_t target, const float *x, int64_t n, int64_t from, float logit, const Near &found, Around &counts) {
    if (found.lost || around_[target].load(std::memory_order_relaxed) > most_around) return;
    const Lanes::V high = Lanes::spread(logit + found.margin), low = Lanes::spread(logit - found.margin);
    int64_t above = 0, near = 0;
    for (int64_t i = 0; i < n; i += 16) {
      const uint32_t there = n - i >= 16 ? 0xffff : (1u << (n - i)) - 1;
      const Lanes::V v = Lanes::load(x + i);
      const uint32_t over = Lanes::above(v, high) & there;
      above += std::popcount(over);
      for (uint32_t m = Lanes::none_of(Lanes::above(low, v)) & there & ~over; m; m &= m - 1, near++)
        counts.add_near(target, int32_t(from + i + std::countr_zero(m)));
    }
    counts.add_above(target, above);
    if (near) around_[target].fetch_add(int32_t(near), std::memory_order_relaxed);
  }

  // Candidates; S and E have their float32 logits in place of the near ones from then on.
  // False where the row is to be read in float32, as in divergence() and rank().
  bool tops(const std::vector<Near *> &found, const float *x, Sums &sums, int64_t *top_ids, float *top_logits) const {
    std::vector<float> least, value, margin;
    std::vector<int64_t> ids;
    for (const Near *f : found) {
      if (f->lost) return false;
      for (int32_t i = 0; i < f->count; i++) {
        least.push_back(f->value[i] - f->margins[i]), value.push_back(f->value[i]), margin.push_back(f->margins[i]);
        ids.push_back(f->id[i]);
      }
    }
    std::nth_element(least.begin(), least.begin() + r_.top - 1, least.end(), std::greater<float>());
    const float floor = least[r_.top - 1];
    size_t n = 0;
    for (size_t i = 0; i < ids.size(); i++)
      if (value[i] + margin[i] >= floor) ids[n] = ids[i], value[n++] = value[i];
    if (n > size_t(r_.top) * 2 + most_around) return false;
    std::vector<float> logit(n);
    again(x, ids.data(), n, logit.data());
    std::vector<int32_t> order(n);
    for (size_t i = 0; i < n; i++) order[i] = int32_t(i);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return Best::before(logit[a], ids[a], logit[b], ids[b]); });
    for (int64_t i = 0; i < r_.top; i++) {
      const int32_t at = order[i];
      top_ids[i] = ids[at], top_logits[i] = logit[at];
      const double near = double(value[at]) - sums.m, is = double(logit[at]) - sums.m;
      sums.S += std::exp(is) - std::exp(near);
      sums.E += std::exp(is) * is - std::exp(near) * near;
    }
    return true;
  }

  // Sets KL(final || row) from their sums, row being number i at its position, with float32
  // logits of both where the final row is largest. S has those of the row's own candidates.
  //
  // With X = log p_f - log p, whose mean over the final row is KL, and logits of the final
  // row that are off by e in words which are not computed again, KL is off by the mean of
  // e (X - KL) over those: in the order of their share, of e, and of KL, since X is seldom
  // below 0. What e is shows in the words that are computed again. False where that is too
  // much; three quarters of what is promised are left for what so few words do not show: a
  // row of KL 31 was off by twice of what they showed.
  bool divergence(const std::vector<Beside *> &beside, int64_t position, int64_t i, const float *x, const Sums &all, const Sums &final,
                  const int64_t *ids, const int64_t *final_ids, const float *final_logits, double &kl) const {
    constexpr int64_t words = 16;
    const int64_t n = std::min(words, r_.top);
    float logits[words];
    again(x, final_ids, n, logits);
    double A = all.A, S = all.S, share = 1, squares = 0;
    int64_t seen = 0;
    for (int64_t k = 0; k < n; k++) {
      if (final_logits[k] < final.m - behind + 1) break;
      const float *near = beside[final_ids[k] / (part_panels * panel_width)]->of(position, final_ids[k]);
      if (!near) continue;
      const double u = double(near[i]) - all.m, uf = double(near[0]) - final.m, v = double(logits[k]) - all.m, vf = double(final_logits[k]) - final.m;
      A += std::exp(vf) * (vf - v) - std::exp(uf) * (uf - u);
      if (std::find(ids, ids + r_.top, final_ids[k]) == ids + r_.top) S += std::exp(v) - std::exp(u);
      share -= std::exp(vf) / final.S, squares += (vf - uf) * (vf - uf), seen++;
    }
    kl = A / final.S - std::log(final.S) + std::log(S);
    return seen > 0 && std::sqrt(squares / seen) * std::max(0.0, share) * kl <= 1.25e-4;
  }

  // How many words were computed again.
  int64_t words() const { return words_.load(std::memory_order_relaxed); }

  bool rank(const std::vector<Around *> &counts, int64_t target, const float *x, float logit, int64_t &rank, int64_t &ties) const {
    if (around_[target] > most_around) return false;
    std::vector<int64_t> ids;
    rank = 1, ties = -1;
    for (const Around *c : counts) {
      rank += c->above(target);
      c->each_near(target, [&](int32_t id) { ids.push_back(id); });
    }
    std::vector<float> y(ids.size());
    again(x, ids.data(), ids.size(), y.data());
    for (float v : y) rank += v > logit, ties += v == logit;
    return true;
  }

 private:
  static constexpr int32_t most_around = 2048;  // words that are computed again for one target
  // A margin beyond which a row is read by f32, so that a KL, which is off by what two
  // logits are where the final row has one likely word, is within 5e-4. The margin is a
  // proof by norms; roundings of K products, of either sign, keep well inside it: below a
  // part of 4/K of it in all that was tried (at K = 768 it is 1/400).
  float widest() const { return 2.5e-4f * std::max<float>(1, r_.head.k / 4.0f); }

  const golens_readout &r_;
  int64_t k_;  // with zeros behind the last
  float roundings_;
  int64_t count_ = 0;
  std::vector<uint32_t> rows_;  // packed, from a whole cache line on
  std::vector<Norms> norms_;
  std::unique_ptr<std::atomic<int32_t>[]> around_;  // words found around each target so far
  mutable std::atomic<int64_t> words_ = 0;          // computed again so far

  uint32_t *first() { return reinterpret_cast<uint32_t *>((reinterpret_cast<uintptr_t>(rows_.data()) + 63) / 64 * 64); }
  const uint32_t *first() const { return const_cast<X3 *>(this)->first(); }

  // The float32 logits of n words.
  void again(const float *x, const int64_t *ids, int64_t n, float *y) const {
    words_.fetch_add(n, std::memory_order_relaxed);
    int64_t i = 0;
    for (; i + together <= n; i += together) dots_together(x, ids + i, y + i);
    for (; i < n; i++) y[i] = dot(x, r_.head, ids[i], r_.bias ? r_.bias[ids[i]] : 0, r_.bias != nullptr, r_.order);
  }

  // What dot() computes, for several words side by side: one chain waits for itself.
  static constexpr int together = 8;
  void dots_together(const float *x, const int64_t *ids, float *y) const {
    const golens_matrix &m = r_.head;
    const int64_t step = m.packed ? panel_width : m.sk;
    const float *w[together];
    for (int j = 0; j < together; j++)
      w[j] = m.packed ? m.packed + ids[j] / panel_width * m.k * panel_width + ids[j] % panel_width : m.w + ids[j] * m.sn;
    for (int64_t from = 0; from < m.k; from += r_.order) {
      float c[together] = {};
      for (int64_t k = from, to = std::min(m.k, from + r_.order); k < to; k++)
#pragma GCC unroll 8
        for (int j = 0; j < together; j++) c[j] = std::fma(x[k], w[j][k * step], c[j]);
      for (int j = 0; j < together; j++) y[j] = from > 0 ? y[j] + c[j] : r_.bias ? r_.bias[ids[j]] + c[j] : c[j];
    }
  }
};

// Reads with no fewer than 16 candidates: the sums have their float32 logits, too.
template <class Product>
static int read_split(const golens_readout *r, golens_parallel *par) {
  const int64_t top = std::min<int64_t>(16, r->head.n), cells = r->rows * r->length;
  if (r->top >= top) return read_with<X3<Product>>(r, par);
  try {
    std::vector<int64_t> ids(cells * top);
    std::vector<float> logits(cells * top);
    golens_readout q = *r;
    q.top = top, q.top_ids = ids.data(), q.top_logits = logits.data();
    if (read_with<X3<Product>>(&q, par)) return 1;
    for (int64_t c = 0; c < cells; c++) {
      std::copy_n(&ids[c * top], r->top, r->top_ids + c * r->top);
      std::copy_n(&logits[c * top], r->top, r->top_logits + c * r->top);
    }
    return 0;
  } catch (const std::bad_alloc &) {
    return 1;
  }
}
