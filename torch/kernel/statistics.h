// What is kept of a row of logits while they stream by in tiles, and how a tile, and
// another part of the vocabulary, are added to it. With m the largest logit so far and
// u = x - m, in nats:
//
//   S = sum exp(u)                    log-sum-exp  m + log S
//   E = sum exp(u) u                  entropy      log S - E/S
//   A = sum exp(uf) (uf - u)          KL(final || row)  A/Sf - log Sf + log S
//
// uf and Sf are of the final row at the same position. When m grows by d, and mf by df,
// all with the old S on the right:
//
//   S = e^-d S     E = e^-d (E - d S)     A = e^-df (A - (df - d) Sf)
//
// Lanes are float32 within a tile, the sums of tiles double.

struct Sums {
  float m = -INFINITY;
  double S = 0, E = 0, A = 0;

  // m grows to `to`; final's S before it grew is Sf, and it grew by df.
  void grow(float to, double df, double Sf) {
    double d = m == -INFINITY ? 0 : double(to) - m;
    if (d == 0 && df == 0) {
      m = to;
      return;
    }
    double e = std::exp(-d);
    E = e * (E - d * S);
    A = std::exp(-df) * (A - (df - d) * Sf);
    S = e * S;
    m = to;
  }
};

// The largest logits of a part of the vocabulary: value descending, id ascending. It
// keeps some more than are wanted, and sorts when it is full.
struct Best {
  static constexpr int floats = 1;  // kept for each
  float *value;
  int32_t *id;
  int32_t count, wanted, room;
  float floor;  // only larger ones can still be among them

  Best() = default;
  Best(float *v, int32_t *i, int32_t n, int32_t want, int32_t space, float least)
      : value(v), id(i), count(n), wanted(want), room(space), floor(least) {}

  float limit() const { return floor; }
  void begin(float least) { floor = least; }  // as many as are wanted are larger

  // As many as `top` are no smaller than this.
  float reached(int64_t top) {
    shrink();
    return count < top ? -INFINITY : value[top - 1];
  }

  static bool before(float a, int32_t i, float b, int32_t j) { return a > b || (a == b && i < j); }

  void add(float v, int32_t i) {
    if (count == room) shrink();
    if (!(v > floor)) return;  // shrinking may have raised it. Ids rise: of equal values the first ones stay.
    value[count] = v;
    id[count++] = i;
  }

  void shrink() {
    sort();
    if (count > wanted) count = wanted;
    if (count == wanted) floor = std::max(floor, value[count - 1]);
  }

  void sort() {
    // Pairs are few (some tens), and sorted by insertion where they are.
    if (count <= 64) {
      for (int32_t i = 1; i < count; i++) {
        float v = value[i];
        int32_t n = id[i], j = i;
        for (; j > 0 && before(v, n, value[j - 1], id[j - 1]); j--) value[j] = value[j - 1], id[j] = id[j - 1];
        value[j] = v, id[j] = n;
      }
      return;
    }
    std::vector<std::pair<float, int32_t>> all(count);
    for (int32_t i = 0; i < count; i++) all[i] = {value[i], id[i]};
    std::sort(all.begin(), all.end(), [](auto &a, auto &b) { return before(a.first, a.second, b.first, b.second); });
    for (int32_t i = 0; i < count; i++) value[i] = all[i].first, id[i] = all[i].second;
  }
};

// The final row's u and exp(u) of a tile, which the rows at its position read.
struct FinalTile {
  float *u, *e;
};

// The largest of n logits; those that may be among the best go there.
template <class Found>
static float scan(const float *x, int64_t n, int64_t from, Found &best) {
  constexpr int wide = 4;
  Lanes::V m[wide];
  for (int j = 0; j < wide; j++) m[j] = Lanes::spread(-INFINITY);
  int64_t i = 0;
  for (; i + 16 * wide <= n; i += 16 * wide)
    for (int j = 0; j < wide; j++) m[j] = Lanes::max(m[j], Lanes::load(x + i + 16 * j));
  for (; i + 16 <= n; i += 16) m[0] = Lanes::max(m[0], Lanes::load(x + i));
  float top = Lanes::largest(Lanes::max(Lanes::max(m[0], m[1]), Lanes::max(m[2], m[3])));
  for (; i < n; i++) top = std::max(top, x[i]);
  if (!(top > best.limit())) return top;
  if (best.floor == -INFINITY && best.wanted <= 16 * wide && n >= 16 * wide) {
    // A floor to begin with: at least `wanted` of the lanes' maxima are no smaller.
    float lane[16 * wide];
    for (int j = 0; j < wide; j++) Lanes::store(lane + 16 * j, m[j]);
    std::nth_element(lane, lane + best.wanted - 1, lane + 16 * wide, [](float a, float b) { return a > b; });
    best.begin(std::nextafter(lane[best.wanted - 1], -INFINITY));
  }
  for (i = 0; i + 16 <= n; i += 16) {
    uint32_t larger = Lanes::above(Lanes::load(x + i), Lanes::spread(best.limit()));
    for (; larger; larger &= larger - 1) {
      int j = std::countr_zero(larger);
      best.add(x[i + j], from + i + j);
    }
  }
  for (; i < n; i++)
    if (x[i] > best.limit()) best.add(x[i], from + i);
  return top;
}

// Whether none of n logits is NaN.
static bool all_numbers(const float *x, int64_t n) {
  uint32_t good = 0xffff;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const Lanes::V v = Lanes::load(x + i);
    good &= Lanes::same(v, v);
  }
  for (; i < n; i++)
    if (x[i] != x[i]) return false;
  return good == 0xffff;
}

// Counts logits above and equal to a target's.
static void count(const float *x, int64_t n, float target, int64_t &above, int64_t &equal) {
  const Lanes::V t = Lanes::spread(target);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    Lanes::V v = Lanes::load(x + i);
    above += std::popcount(Lanes::above(v, t));
    equal += std::popcount(Lanes::same(v, t));
  }
  for (; i < n; i++) above += x[i] > target, equal += x[i] == target;
}

// Adds n logits to the sums, whose m is no smaller than any. The final row leaves its u
// and exp(u), the others read them. x has room for whole vectors.
template <bool final>
static void sum(const float *x, int64_t n, Sums &sums, FinalTile tile) {
  const Lanes::V m = Lanes::spread(sums.m);
  Lanes::V s = Lanes::zero(), e = Lanes::zero(), a = Lanes::zero();
  for (int64_t i = 0; i < n; i += 16) {
    const uint32_t there = n - i >= 16 ? 0xffff : (1u << (n - i)) - 1;
    Lanes::V u = Lanes::keep(Lanes::sub(Lanes::load(x + i), m), there);
    Lanes::V w = Lanes::keep(exp_of(u), there);
    s = Lanes::add(s, w);
    e = Lanes::fma(w, u, e);
    if (final) {
      Lanes::store(tile.u + i, u);
      Lanes::store(tile.e + i, w);
    } else {
      a = Lanes::fma(Lanes::load(tile.e + i), Lanes::sub(Lanes::load(tile.u + i), u), a);
    }
  }
  sums.S += Lanes::total(s);
  sums.E += Lanes::total(e);
  if (!final) sums.A += Lanes::total(a);
}
