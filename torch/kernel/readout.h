// The readout: rows of states meet the vocabulary in tiles, and leave statistics.
//
// Work is cut in two ways. Blocks of positions follow each other; in each, parts of the
// vocabulary are tasks for the caller's threads, of a length that depends on nothing but
// V, and their sums are merged in their order: results are the same for any number of
// threads. Within a part, each panel of 32 words is turned once and meets all rows of
// the block; a tile of logits [rows, tile] is read while it is in the cache.
//
// Product says what multiplies and what is kept of the logits: F32, or X3, whose logits
// are near and whose rows may have to be read again in float32.

constexpr int64_t part_panels = 32;  // panels in a part of the vocabulary

// The sums of the rows of a block in one part of the vocabulary, in plain arrays. Row
// order: positions one after the other, at each the final row first.
template <class Product>
struct Part {
  using Found = typename Product::Found;
  std::unique_ptr<Sums[]> sums;
  std::unique_ptr<Found[]> found;
  std::unique_ptr<float[]> values;
  std::unique_ptr<int32_t[]> ids;
  typename Product::Counts counts;  // [rows,N]
  typename Product::Beside beside;

  Part(int64_t positions, int64_t states, int32_t top, int32_t room, int64_t targets, int64_t rows)
      : sums(new Sums[rows]), found(new Found[rows]), values(new float[rows * room * Found::floats]), ids(new int32_t[rows * room]),
        counts(rows * targets), beside(positions, states) {
    for (int64_t i = 0; i < rows; i++) found[i] = Found(&values[i * room * Found::floats], &ids[i * room], 0, top, room, -INFINITY);
  }
};

template <class Product>
class Readout {
 public:
  Readout(const golens_readout &r, golens_parallel *par) : r_(r), par_(par), product_(r) {
    tile_ = r.tile > 0 ? (r.tile + panel_width - 1) / panel_width * panel_width : 256;
    tile_ = std::min(tile_, part_panels * panel_width);
    panels_ = panels_of(r.head.n);
    parts_ = (panels_ + part_panels - 1) / part_panels;
    top_ = std::min<int64_t>(r.top, part_panels * panel_width);
    room_ = top_ + std::max<int64_t>(Product::spare, top_ / 2);
    // About 400 rows at a time, fewer where many candidates are kept: 64 MB for all parts.
    int64_t rows = r.block > 0 ? r.block : std::min<int64_t>(416, std::max<int64_t>(1, (64 << 20) / (parts_ * (room_ * (4 + 4 * Product::Found::floats) + 64))));
    positions_ = std::max<int64_t>(1, rows / r.rows);
    // Blocks of about equal size.
    int64_t blocks = (r.length + positions_ - 1) / positions_;
    if (r.block <= 0 && blocks > 0) positions_ = (r.length + blocks - 1) / blocks;
  }

  void run() {
    target_logits();
    for (int64_t from = 0; from < r_.length; from += positions_) block(from, std::min(positions_, r_.length - from));
    if constexpr (!Product::exact)
      if (r_.again) r_.again[0] += product_.words(), r_.again[1] += reread_;
  }

 private:
  using Parts = std::vector<std::unique_ptr<Part<Product>>>;
  using Found = typename Product::Found;
  using Counts = typename Product::Counts;

  const golens_readout &r_;
  golens_parallel *par_;
  Product product_;
  int64_t tile_, panels_, parts_, top_, room_, positions_;
  std::vector<uint8_t> again_;  // rows of the block that are read again in float32
  int64_t reread_ = 0;          // such rows of all blocks
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
    const int64_t rows = positions * r_.rows;
    product_.take(rows, [&](int64_t i) { return row(from, i); }, par_);
    again_.assign(rows, 0);
    Parts parts(parts_);
    floors_ = std::make_unique<std::atomic<float>[]>(rows);
    for (int64_t i = 0; i < rows; i++) floors_[i] = -INFINITY;
    each(par_, parts_, [&](int64_t p) {
      parts[p] = std::make_unique<Part<Product>>(positions, r_.rows, top_, room_, r_.count, rows);
      part(from, rows, p, *parts[p]);
    });
    each(par_, positions, [&](int64_t t) { merge(from, t, parts); });
    if constexpr (!Product::exact) read_again(from, rows);
  }

  // Reads one part of the vocabulary for all rows of a block.
  void part(int64_t from, int64_t rows, int64_t p, Part<Product> &out) {
    thread_local golens::Scratch scratch;
    const int64_t room = (product_.room() + 15) / 16 * 16;
    float *products = scratch.floats(room + rows * tile_ + 2 * tile_);
    if (!products) throw std::bad_alloc();
    float *logits = products + room;
    FinalTile tile{logits + rows * tile_, logits + rows * tile_ + tile_};
    const int64_t last = std::min(panels_, (p + 1) * part_panels);
    for (int64_t i = 0; i < rows; i++) out.found[i].floor = std::nextafter(floors_[i].load(std::memory_order_relaxed), -INFINITY);
    for (int64_t at = p * part_panels; at < last; at += tile_ / panel_width) {
      const int64_t count = std::min(tile_ / panel_width, last - at);
      const auto bounds = product_.tile(at, count, products, logits, tile_);
      const int64_t v = at * panel_width, n = std::min(count * panel_width, r_.head.n - v);
      for (int64_t t = 0; t < rows; t += r_.rows) position(from, t, logits + t * tile_, v, n, bounds, out, tile);
    }
    for (int64_t i = 0; i < rows; i++) publish(out.found[i], floors_[i]);
  }

  // Lets the other parts know what a row's part has found.
  void publish(Found &found, std::atomic<float> &floor) const {
    const float mine = found.reached(r_.top);
    for (float had = floor; mine > had && !floor.compare_exchange_weak(had, mine, std::memory_order_relaxed);) {
    }
  }

  // Reads a tile of all rows of one position, the first of which is row t of the block.
  void position(int64_t from, int64_t t, const float *logits, int64_t v, int64_t n, const typename Product::Bounds &bounds,
                Part<Product> &out, FinalTile tile) {
    Sums &final = out.sums[t];
    double df = 0, Sf = final.S;
    for (int64_t i = t; i < t + r_.rows; i++, logits += tile_) {
      Sums &s = out.sums[i];
      Found &found = out.found[i];
      product_.look(i, bounds, found);
      float top = std::max(s.m, scan(logits, n, v, found));
      for (int64_t k = 0; k < r_.count; k++) {
        if (r_.targets[(from + t / r_.rows) * r_.count + k] < 0) continue;
        product_.count_target(i * r_.count + k, logits, n, v, r_.target_logit[cell(from, i) * r_.count + k], found, out.counts);
      }
      if (i == t) {
        df = s.m == -INFINITY ? 0 : double(top) - s.m;
        s.grow(top, 0, 0);
        sum<true>(logits, n, s, tile);
        if constexpr (!Product::exact) out.beside.open(t / r_.rows, found, s.m - Product::behind, v, logits);
      } else {
        s.grow(top, df, Sf);
        sum<false>(logits, n, s, tile);
        if constexpr (!Product::exact) out.beside.add(i - t, v, logits);
      }
    }
  }

  // Joins the parts of all rows of one position and writes their results.
  void merge(int64_t from, int64_t position, const Parts &parts) {
    const int64_t t = position * r_.rows;
    Sums final;
    bool usual = true;  // the final row serves: none of its logits is NaN or infinite
    std::vector<Found *> found(parts_);
    std::vector<Counts *> counts(parts_);
    std::vector<typename Product::Beside *> beside(parts_);
    for (int64_t p = 0; p < parts_; p++) counts[p] = &parts[p]->counts, beside[p] = &parts[p]->beside;
    for (int64_t p = 0; p < parts_; p++) final.m = std::max(final.m, parts[p]->sums[t].m);
    for (int64_t i = t; i < t + r_.rows; i++) {
      Sums all = join(parts, t, i, final.m);
      const int64_t c = cell(from, i);
      const bool plain = std::isfinite(all.m) && std::isfinite(all.S) && std::isfinite(all.E);
      if (i == t) usual = plain;
      if (!plain || !usual || !std::isfinite(all.A)) {
        other(from, i, c);
        continue;
      }
      for (int64_t p = 0; p < parts_; p++) found[p] = &parts[p]->found[i];
      bool good = product_.tops(found, row(from, i), all, r_.top_ids + c * r_.top, r_.top_logits + c * r_.top);
      if (i == t) final = all;
      const int64_t best = r_.top * (r_.final * r_.length + from + position);  // the final row's
      r_.kl[c] = 0;
      if (i != t && good)
        good = product_.divergence(beside, position, i - t, row(from, i), all, final, r_.top_ids + c * r_.top, r_.top_ids + best,
                                   r_.top_logits + best, r_.kl[c]);
      for (int64_t k = 0; k < r_.count && good; k++) {
        const int64_t to = c * r_.count + k;
        if (r_.targets[(from + position) * r_.count + k] < 0) {
          r_.target_rank[to] = r_.target_ties[to] = 0;
        } else {
          good = product_.rank(counts, i * r_.count + k, row(from, i), r_.target_logit[to], r_.target_rank[to], r_.target_ties[to]);
        }
      }
      if (!good) {
        if (i == t) usual = false;
        other(from, i, c);
      }
      r_.lse[c] = all.m + std::log(all.S);
      r_.entropy[c] = std::log(all.S) - all.E / all.S;
    }
  }

  // The sums of row i over all parts; t is the final row at its position, mf its largest logit.
  Sums join(const Parts &parts, int64_t t, int64_t i, float mf) const {
    Sums all;
    for (auto &p : parts) all.m = std::max(all.m, p->sums[i].m);
    for (auto &p : parts) {
      Sums s = p->sums[i];
      s.grow(all.m, double(mf) - p->sums[t].m, p->sums[t].S);
      all.S += s.S, all.E += s.E, all.A += s.A;
    }
    return all;
  }

  // A row whose sums or candidates do not serve.
  void other(int64_t from, int64_t i, int64_t c) {
    if constexpr (Product::exact) {
      unusual(from, i, c);
    } else {
      again_[i] = 1;
    }
  }

  // Reads marked rows of the block once more in float32, each beside the final row at its
  // position: as many positions of two states.
  void read_again(int64_t from, int64_t rows) {
    const int64_t k = r_.head.k, n = r_.count;
    std::vector<int64_t> which;
    for (int64_t i = 0; i < rows; i++)
      if (again_[i]) which.push_back(i);
    const int64_t length = which.size();
    reread_ += length;
    if (length == 0) return;
    std::vector<float> states(2 * length * k), logits(2 * length * r_.top), target_logit(2 * length * n);
    std::vector<int64_t> ids(2 * length * r_.top), targets(length * n), rank(2 * length * n), ties(2 * length * n);
    std::vector<double> lse(2 * length), entropy(2 * length), kl(2 * length);
    for (int64_t j = 0; j < length; j++) {
      const int64_t i = which[j], t = from + i / r_.rows;
      std::memcpy(&states[j * k], row(from, i), sizeof(float) * k);
      std::memcpy(&states[(length + j) * k], row(from, i - i % r_.rows), sizeof(float) * k);
      if (n > 0) std::copy_n(r_.targets + t * n, n, &targets[j * n]);
    }
    const float *state[] = {states.data(), states.data() + length * k};
    golens_readout q = r_;
    q.state = state, q.rows = 2, q.length = length, q.ld = k, q.final = 1, q.targets = targets.data();
    q.top_ids = ids.data(), q.top_logits = logits.data(), q.lse = lse.data(), q.entropy = entropy.data(), q.kl = kl.data();
    q.target_logit = target_logit.data(), q.target_rank = rank.data(), q.target_ties = ties.data();
    Readout<F32>(q, par_).run();
    for (int64_t j = 0; j < length; j++) {
      const int64_t i = which[j], c = cell(from, i), final = length + j;
      std::copy_n(&ids[j * r_.top], r_.top, r_.top_ids + c * r_.top);
      std::copy_n(&logits[j * r_.top], r_.top, r_.top_logits + c * r_.top);
      r_.lse[c] = lse[j], r_.entropy[c] = entropy[j], r_.kl[c] = i % r_.rows == 0 ? kl[final] : kl[j];
      for (int64_t a = 0; a < n; a++)
        r_.target_logit[c * n + a] = target_logit[j * n + a], r_.target_rank[c * n + a] = rank[j * n + a],
                           r_.target_ties[c * n + a] = ties[j * n + a];
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
      const int64_t id = r_.targets[(from + i / r_.rows) * r_.count + k], to = c * r_.count + k;
      if (id < 0) {
        r_.target_rank[to] = r_.target_ties[to] = 0;
        continue;
      }
      golens::Standing s;
      for (float v : x) s.rank += v > x[id], s.ties += v == x[id];
      s.end(x[id], V);
      r_.target_rank[to] = s.rank, r_.target_ties[to] = s.ties;
    }
  }
};

template <class Product>
static int read_with(const golens_readout *r, golens_parallel *par) {
  try {
    Readout<Product>(*r, par).run();
    return 0;
  } catch (const std::bad_alloc &) {
    return 1;
  }
}

static int readout(const golens_readout *r, golens_parallel *par) { return read_with<F32>(r, par); }
