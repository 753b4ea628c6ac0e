// The readout: rows of states meet the vocabulary in tiles, and leave statistics.
//
// Work is cut in two ways. Blocks of positions follow each other; in each, parts of the
// vocabulary are tasks for the caller's threads, of a length that depends on nothing but
// V, and their sums are merged in their order: results are the same for any number of
// threads. Within a part, each panel of 32 words is turned once and meets all rows of
// the block; a tile of logits [rows, tile] is read while it is in the cache.

constexpr int64_t part_panels = 32;  // panels in a part of the vocabulary

// The sums of the rows of a block in one part of the vocabulary, in plain arrays. Row
// order: positions one after the other, at each the final row first.
struct Part {
  std::unique_ptr<Sums[]> sums;
  std::unique_ptr<Best[]> best;
  std::unique_ptr<float[]> values;
  std::unique_ptr<int32_t[]> ids;
  std::unique_ptr<int64_t[]> above, equal;  // [rows,N]

  Part(int64_t rows, int32_t top, int32_t room, int64_t targets)
      : sums(new Sums[rows]), best(new Best[rows]), values(new float[rows * room]), ids(new int32_t[rows * room]),
        above(new int64_t[rows * targets]()), equal(new int64_t[rows * targets]()) {
    for (int64_t i = 0; i < rows; i++) best[i] = {&values[i * room], &ids[i * room], 0, top, room, -INFINITY};
  }
};

class Readout {
 public:
  Readout(const golens_readout &r, golens_parallel *par) : r_(r), par_(par) {
    tile_ = r.tile > 0 ? (r.tile + panel_width - 1) / panel_width * panel_width : 256;
    tile_ = std::min(tile_, part_panels * panel_width);
    panels_ = panels_of(r.head.n);
    parts_ = (panels_ + part_panels - 1) / part_panels;
    top_ = std::min<int64_t>(r.top, part_panels * panel_width);
    room_ = top_ + std::max<int64_t>(32, top_ / 2);
    // About 400 rows at a time, fewer where many candidates are kept: 64 MB for all parts.
    int64_t rows = r.block > 0 ? r.block : std::min<int64_t>(416, std::max<int64_t>(1, (64 << 20) / (parts_ * (room_ * 8 + 64))));
    positions_ = std::max<int64_t>(1, rows / r.rows);
    // Blocks of about equal size.
    int64_t blocks = (r.length + positions_ - 1) / positions_;
    if (r.block <= 0 && blocks > 0) positions_ = (r.length + blocks - 1) / blocks;
  }

  void run() {
    target_logits();
    for (int64_t from = 0; from < r_.length; from += positions_) block(from, std::min(positions_, r_.length - from));
  }

 private:
  const golens_readout &r_;
  golens_parallel *par_;
  int64_t tile_, panels_, parts_, top_, room_, positions_;
  std::vector<float> rows_;  // the block's rows, packed
  // For each row of the block, as many logits as are wanted are no smaller than this. Parts
  // that are done first raise it, and spare later ones: what is found does not depend on it.
  std::unique_ptr<std::atomic<float>[]> floors_;

  // The state of row i of the block that begins with a position: the final row is the first.
  int64_t state_of(int64_t i) const {
    int64_t n = i % r_.rows;
    return n == 0 ? r_.final : n <= r_.final ? n - 1 : n;
  }
  const float *row(int64_t from, int64_t i) const { return r_.state[state_of(i)] + (from + i / r_.rows) * r_.ld; }
  // Where results of a row go: [R,T].
  int64_t cell(int64_t from, int64_t i) const { return state_of(i) * r_.length + from + i / r_.rows; }

  void target_logits() {
    each(par_, r_.rows * r_.length, [&](int64_t c) {
      int64_t t = c % r_.length;
      const float *x = r_.state[c / r_.length] + t * r_.ld;
      for (int64_t n = 0; n < r_.count; n++) {
        int64_t id = r_.targets[t * r_.count + n];
        r_.target_logit[c * r_.count + n] = id < 0 ? NAN : dot(x, r_.head, id, r_.bias ? r_.bias[id] : 0, r_.bias != nullptr, r_.order);
      }
    });
  }

  void block(int64_t from, int64_t positions) {
    const int64_t rows = positions * r_.rows, k = r_.head.k, blocks = (rows + Lanes::mr - 1) / Lanes::mr;
    rows_.resize(blocks * Lanes::mr * k + 16);
    each(par_, blocks, [&](int64_t b) {
      const float *at[Lanes::mr];
      int64_t count = std::min<int64_t>(Lanes::mr, rows - b * Lanes::mr);
      for (int64_t i = 0; i < count; i++) at[i] = row(from, b * Lanes::mr + i);
      pack_rows(at, count, k, rows_.data() + b * Lanes::mr * k);
    });
    std::vector<std::unique_ptr<Part>> parts(parts_);
    floors_ = std::make_unique<std::atomic<float>[]>(rows);
    for (int64_t i = 0; i < rows; i++) floors_[i] = -INFINITY;
    each(par_, parts_, [&](int64_t p) {
      parts[p] = std::make_unique<Part>(rows, top_, room_, r_.count);
      part(from, rows, p, *parts[p]);
    });
    each(par_, positions, [&](int64_t t) { merge(from, t, parts); });
  }

  // Reads one part of the vocabulary for all rows of a block.
  void part(int64_t from, int64_t rows, int64_t p, Part &out) {
    thread_local golens::Scratch scratch;
    const int64_t k = r_.head.k;
    float *panel = scratch.floats(k * panel_width + panel_width + rows * tile_ + 2 * tile_);
    if (!panel) throw std::bad_alloc();
    float *bias = panel + k * panel_width, *logits = bias + panel_width;
    FinalTile tile{logits + rows * tile_, logits + rows * tile_ + tile_};
    const int64_t last = std::min(panels_, (p + 1) * part_panels);
    for (int64_t i = 0; i < rows; i++) out.best[i].floor = std::nextafter(floors_[i].load(std::memory_order_relaxed), -INFINITY);
    for (int64_t at = p * part_panels; at < last; at += tile_ / panel_width) {
      const int64_t count = std::min(tile_ / panel_width, last - at);
      for (int64_t q = 0; q < count; q++)
        product_panel(rows_.data(), rows, panel_of(r_.head, at + q, panel), k, r_.order, bias_of(r_.bias, r_.head.n, at + q, bias),
                      logits + q * panel_width, tile_, Ahead(r_.head, at + q + 1));
      const int64_t v = at * panel_width, n = std::min(count * panel_width, r_.head.n - v);
      for (int64_t t = 0; t < rows; t += r_.rows) position(from, t, logits + t * tile_, v, n, out, tile);
    }
    for (int64_t i = 0; i < rows; i++) publish(out.best[i], floors_[i]);
  }

  // Lets the other parts know what a row's part has found.
  void publish(Best &best, std::atomic<float> &floor) const {
    best.shrink();
    if (best.count < r_.top) return;
    const float mine = best.value[r_.top - 1];
    for (float had = floor; mine > had && !floor.compare_exchange_weak(had, mine, std::memory_order_relaxed);) {
    }
  }

  // Reads a tile of all rows of one position, the first of which is row t of the block.
  void position(int64_t from, int64_t t, const float *logits, int64_t v, int64_t n, Part &out, FinalTile tile) {
    Sums &final = out.sums[t];
    double df = 0, Sf = final.S;
    for (int64_t i = t; i < t + r_.rows; i++, logits += tile_) {
      Sums &s = out.sums[i];
      float top = std::max(s.m, scan(logits, n, v, out.best[i]));
      for (int64_t k = 0; k < r_.count; k++) {
        if (r_.targets[(from + t / r_.rows) * r_.count + k] < 0) continue;
        count(logits, n, r_.target_logit[cell(from, i) * r_.count + k], out.above[i * r_.count + k], out.equal[i * r_.count + k]);
      }
      if (i == t) {
        df = s.m == -INFINITY ? 0 : double(top) - s.m;
        s.grow(top, 0, 0);
        sum<true>(logits, n, s, tile);
      } else {
        s.grow(top, df, Sf);
        sum<false>(logits, n, s, tile);
      }
    }
  }

  // Joins the parts of all rows of one position and writes their results.
  void merge(int64_t from, int64_t position, const std::vector<std::unique_ptr<Part>> &parts) {
    const int64_t t = position * r_.rows;
    Sums final;
    bool usual = true;  // no logit of the final row is NaN or infinite
    std::vector<double> dfs(parts_), Sfs(parts_ + 1);
    for (int64_t p = 0; p < parts_; p++) final.m = std::max(final.m, parts[p]->sums[t].m);
    for (int64_t i = t; i < t + r_.rows; i++) {
      Sums all = join(parts, t, i, final.m);
      if (i == t) final = all;
      const int64_t c = cell(from, i);
      const bool plain = std::isfinite(all.m) && std::isfinite(all.S) && std::isfinite(all.E);
      if (i == t) usual = plain;
      if (!plain || !usual || !std::isfinite(all.A)) {
        unusual(from, i, c);
        continue;
      }
      r_.lse[c] = all.m + std::log(all.S);
      r_.entropy[c] = std::log(all.S) - all.E / all.S;
      r_.kl[c] = i == t ? 0 : all.A / final.S - std::log(final.S) + std::log(all.S);
      candidates(parts, i, c);
      for (int64_t k = 0; k < r_.count; k++) {
        int64_t above = 0, equal = 0;
        for (auto &p : parts) above += p->above[i * r_.count + k], equal += p->equal[i * r_.count + k];
        bool none = r_.targets[(from + position) * r_.count + k] < 0;
        r_.target_rank[c * r_.count + k] = none ? 0 : above + 1;
        r_.target_ties[c * r_.count + k] = none ? 0 : equal - 1;
      }
    }
  }

  // The sums of row i over all parts; t is the final row at its position, mf its largest logit.
  Sums join(const std::vector<std::unique_ptr<Part>> &parts, int64_t t, int64_t i, float mf) const {
    Sums all;
    for (auto &p : parts) all.m = std::max(all.m, p->sums[i].m);
    for (auto &p : parts) {
      Sums s = p->sums[i];
      s.grow(all.m, double(mf) - p->sums[t].m, p->sums[t].S);
      all.S += s.S, all.E += s.E, all.A += s.A;
    }
    return all;
  }

  void candidates(const std::vector<std::unique_ptr<Part>> &parts, int64_t i, int64_t c) {
    std::vector<float> values;
    std::vector<int32_t> ids;
    for (auto &p : parts) {
      const Best &b = p->best[i];
      values.insert(values.end(), b.value, b.value + b.count);
      ids.insert(ids.end(), b.id, b.id + b.count);
    }
    Best best{values.data(), ids.data(), int32_t(values.size()), int32_t(r_.top), int32_t(values.size()), -INFINITY};
    best.sort();
    for (int64_t k = 0; k < r_.top; k++) {
      r_.top_logits[c * r_.top + k] = values[k];
      r_.top_ids[c * r_.top + k] = ids[k];
    }
  }

  // A row with NaN or infinities, by the definitions, from all its logits.
  void unusual(int64_t from, int64_t i, int64_t c) {
    const int64_t V = r_.head.n;
    std::vector<float> x(V), f(V);
    const float *rows[] = {row(from, i), row(from, i - i % r_.rows)};
    linear(rows[0], 1, r_.head.k, &r_.head, r_.bias, r_.order, x.data(), V, nullptr);
    linear(rows[1], 1, r_.head.k, &r_.head, r_.bias, r_.order, f.data(), V, nullptr);
    const golens::LogSum lx = golens::log_sum(x), lf = golens::log_sum(f);
    double entropy = 0, kl = 0;
    for (int64_t v = 0; v < V; v++) {
      const double l = lx.log_probability(x[v]), lv = lf.log_probability(f[v]);
      entropy -= std::exp(l) * l;
      kl += std::exp(lv) * (lv - l);
    }
    r_.lse[c] = lx.log_sum_exp(), r_.entropy[c] = entropy, r_.kl[c] = kl;
    std::vector<int32_t> ids = golens::largest(x, r_.top);
    for (int64_t k = 0; k < r_.top; k++) r_.top_ids[c * r_.top + k] = ids[k], r_.top_logits[c * r_.top + k] = x[ids[k]];
    for (int64_t k = 0; k < r_.count; k++) {
      int64_t id = r_.targets[(from + i / r_.rows) * r_.count + k], rank = 1, ties = -1;
      if (id >= 0)
        for (float v : x) rank += v > x[id], ties += v == x[id];
      r_.target_rank[c * r_.count + k] = id < 0 ? 0 : rank;
      r_.target_ties[c * r_.count + k] = id < 0 ? 0 : ties;
    }
  }
};

static int readout(const golens_readout *r, golens_parallel *par) {
  try {
    Readout(*r, par).run();
    return 0;
  } catch (const std::bad_alloc &) {
    return 1;
  }
}
