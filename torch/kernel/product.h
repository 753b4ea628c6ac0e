// The product of rows and a weight matrix in a known order of summation. A template
// over Lanes, 16 floats side by side, which each instruction set defines: this file is
// included by each, inside its own unnamed namespace and behind its target.
//
// Layouts. Rows: blocks of Lanes::mr rows, [block][k][mr]. Weights: panels of 32
// outputs, [panel][k][32].
//
//           32 outputs                 For one k, mr elements of the rows, each spread
//         +------------+               over a vector, meet two vectors of the panel:
//       k |  panel     |               2 mr independent chains, as many as there are
//         +------------+               registers for.
//   k     +------------+
//  +---+  |            |
//  |mr |  |  mr x 32   |
//  +---+  +------------+

constexpr int64_t panel_width = 32;

static int64_t panels_of(int64_t n) { return (n + panel_width - 1) / panel_width; }

// A panel where it is read: rows of 32 outputs, so many floats apart.
struct Panel {
  const float *at;
  int64_t step = panel_width;
  // How many floats ahead of it memory is to be asked for, where a panel passes once.
  int64_t ahead() const { return step == panel_width ? 64 * step : 12 * step; }
};

// c (+)= a b over k products, M rows and 32 columns, ldc floats between rows. The first
// chain of an element is c = bias + chain, or c = chain. Where panels pass once only,
// from memory, `stream` asks for what lies ahead in them.
template <int M>
static void product_block(const float *a, Panel b, int64_t k, bool first, bool stream, const float *bias, float *c, int64_t ldc) {
  constexpr int vectors = Lanes::vectors;
  for (int64_t col = 0; col < panel_width; col += 16 * vectors) {
    Lanes::V acc[M][vectors];
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) acc[i][v] = Lanes::zero();
    const float *at = a, *bt = b.at + col, *ahead = bt + b.ahead();
    for (int64_t kk = 0; kk < k; kk++, at += Lanes::mr, bt += b.step, ahead += b.step) {
      Lanes::V w[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) w[v] = Lanes::load(bt + 16 * v);
      if (stream) Lanes::prefetch(ahead), Lanes::prefetch(ahead + 16);
#pragma GCC unroll 16
      for (int i = 0; i < M; i++) {
        Lanes::V x = Lanes::spread(at[i]);
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) acc[i][v] = Lanes::fma(x, w[v], acc[i][v]);
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) {
        float *to = c + i * ldc + col + 16 * v;
        Lanes::V y = acc[i][v];
        if (!first) {
          y = Lanes::add(Lanes::load(to), y);
        } else if (bias) {
          y = Lanes::add(Lanes::load(bias + col + 16 * v), y);
        }
        Lanes::store(to, y);
      }
  }
}

using product_fn = void (*)(const float *, Panel, int64_t, bool, bool, const float *, float *, int64_t);

template <int... M>
static constexpr std::array<product_fn, sizeof...(M) + 1> product_table(std::integer_sequence<int, M...>) {
  return {nullptr, product_block<M + 1>...};
}
static constexpr auto product_of_rows = product_table(std::make_integer_sequence<int, Lanes::mr>{});

// What of a matrix is wanted next, asked for bit by bit while another panel is at work.
class Ahead {
 public:
  Ahead(const golens_matrix &m, int64_t panel) {
    const int64_t from = panel * panel_width;
    if (from >= m.n) return;
    const int64_t n = std::min(panel_width, m.n - from);
    if (m.packed) {
      at_ = m.packed + from * m.k, rows_ = 1, length_ = m.k * panel_width;
    } else if (m.sk == 1) {
      at_ = m.w + from * m.sn, rows_ = n, length_ = m.k, step_ = m.sn;
    } else {
      at_ = m.w + from * m.sn, rows_ = m.k, length_ = n, step_ = m.sk;
    }
  }
  // The part-th of so many parts.
  void ask(int64_t part, int64_t parts) const {
    const int64_t lines = (length_ + 15) / 16, all = rows_ * lines;
    for (int64_t i = all * part / parts; i < all * (part + 1) / parts; i++) Lanes::prefetch(at_ + i / lines * step_ + i % lines * 16);
  }

 private:
  const float *at_ = nullptr;
  int64_t rows_ = 0, length_ = 0, step_ = 0;  // rows of so many floats, step apart
};

// All rows (packed, count of them) with one panel: c is count x 32, ldc apart. A part of
// the panel as long as a chain stays in the nearest cache while all rows pass.
static void product_panel(const float *a, int64_t count, Panel b, int64_t k, int64_t chain, const float *bias, float *c,
                          int64_t ldc, const Ahead &ahead) {
  const int64_t blocks = (count + Lanes::mr - 1) / Lanes::mr, calls = (k + chain - 1) / chain * blocks;
  int64_t call = 0;
  for (int64_t from = 0; from < k; from += chain) {
    const int64_t length = std::min(chain, k - from);
    for (int64_t i = 0; i < count; i += Lanes::mr, call++) {
      const int64_t m = std::min<int64_t>(Lanes::mr, count - i);
      if (blocks > 1) ahead.ask(call, calls);
      product_of_rows[m](a + i * k + from * Lanes::mr, Panel{b.at + from * b.step, b.step}, length, from == 0, blocks == 1, bias, c + i * ldc, ldc);
    }
  }
}

// One block of up to mr rows, zeros where there are fewer.
static void pack_rows(const float *const *rows, int64_t m, int64_t k, float *out) {
  for (int64_t i = 0; i < Lanes::mr; i++) {
    if (i < m) {
      const float *x = rows[i];
      for (int64_t kk = 0; kk < k; kk++) out[kk * Lanes::mr + i] = x[kk];
    } else {
      for (int64_t kk = 0; kk < k; kk++) out[kk * Lanes::mr + i] = 0;
    }
  }
}

// One panel, zeros behind the last output.
static void pack_panel(const golens_matrix &m, int64_t panel, float *out) {
  const int64_t from = panel * panel_width, n = std::min(panel_width, m.n - from);
  const float *w = m.w + from * m.sn;
  if (n < panel_width) std::memset(out, 0, sizeof(float) * panel_width * m.k);
  if (m.sk == 1 && n == panel_width) {  // [n,k]: squares of 16 x 16 are turned
    const int64_t whole = m.k / 16 * 16;
    for (int64_t j = 0; j < panel_width; j += 16)
      for (int64_t kk = 0; kk < whole; kk += 16) Lanes::turn(w + j * m.sn + kk, m.sn, out + kk * panel_width + j, panel_width);
    for (int64_t kk = whole; kk < m.k; kk++)
      for (int64_t j = 0; j < panel_width; j++) out[kk * panel_width + j] = w[j * m.sn + kk];
    return;
  }
  for (int64_t kk = 0; kk < m.k; kk++) {
    const float *x = w + kk * m.sk;
    Lanes::prefetch(x + 16 * m.sk), Lanes::prefetch(x + 16 * m.sk + 16);
    if (m.sn == 1) {
      std::memcpy(out + kk * panel_width, x, sizeof(float) * n);
    } else {
      for (int64_t j = 0; j < n; j++) out[kk * panel_width + j] = x[j * m.sn];
    }
  }
}

// The panel as it is packed already, or packed now into room for one.
static Panel panel_of(const golens_matrix &m, int64_t panel, float *room) {
  if (m.packed) return {m.packed + panel * m.k * panel_width};
  pack_panel(m, panel, room);
  return {room};
}

// The same for rows that are few enough to pass once: outputs that lie side by side
// are read where they are.
static Panel panel_for_few(const golens_matrix &m, int64_t panel, float *room) {
  if (m.packed || m.sn != 1 || (panel + 1) * panel_width > m.n) return panel_of(m, panel, room);
  return {m.w + panel * panel_width, m.sk};
}

// A panel's part of a bias, brought to 32 floats.
static const float *bias_of(const float *bias, int64_t n, int64_t panel, float *room) {
  if (!bias) return nullptr;
  int64_t from = panel * panel_width;
  if (from + panel_width <= n) return bias + from;
  for (int64_t j = 0; j < panel_width; j++) room[j] = from + j < n ? bias[from + j] : 0;
  return room;
}

// One element in a given order: what product_panel and lanes_rows compute, alone.
static float dot(const float *x, const golens_matrix &m, int64_t id, float bias, bool biased, golens_order order) {
  const float *w = m.packed ? m.packed + (id / panel_width * m.k) * panel_width + id % panel_width : m.w + id * m.sn;
  const int64_t step = m.packed ? panel_width : m.sk;
  if (order == GOLENS_LANES) {
    float l[16] = {};
    for (int64_t k = 0; k < m.k; k++) l[k % 16] = std::fma(x[k], w[k * step], l[k % 16]);
    float y = Lanes::fold(Lanes::load(l));
    return biased ? bias + y : y;
  }
  float y = bias;
  for (int64_t from = 0; from < m.k; from += order) {
    float c = 0;
    for (int64_t k = from, to = std::min(m.k, from + order); k < to; k++) c = std::fma(x[k], w[k * step], c);
    y = from == 0 && !biased ? c : y + c;
  }
  return y;
}

// Rows with outputs from..to of a matrix [n,k] whose elements lie side by side, in the
// order GOLENS_LANES: a vector runs along k, for M rows at a time.
template <int M>
static void lanes_block(const float *x, int64_t ldx, const golens_matrix &m, int64_t from, int64_t to, const float *bias, float *y,
                        int64_t ldy) {
  const int64_t whole = m.k / 16 * 16;
  for (int64_t n = from; n < to; n++) {
    const float *w = m.w + n * m.sn;
    Lanes::V acc[M];
#pragma GCC unroll 16
    for (int i = 0; i < M; i++) acc[i] = Lanes::zero();
    for (int64_t k = 0; k < whole; k += 16) {
      Lanes::V b = Lanes::load(w + k);
      Lanes::prefetch(w + 8 * m.sn + k);
#pragma GCC unroll 16
      for (int i = 0; i < M; i++) acc[i] = Lanes::fma(Lanes::load(x + i * ldx + k), b, acc[i]);
    }
    for (int i = 0; i < M; i++) {
      if (whole < m.k) {
        float l[16];
        Lanes::store(l, acc[i]);
        for (int64_t k = whole; k < m.k; k++) l[k - whole] = std::fma(x[i * ldx + k], w[k], l[k - whole]);
        acc[i] = Lanes::load(l);
      }
      float s = Lanes::fold(acc[i]);
      y[i * ldy + n] = bias ? bias[n] + s : s;
    }
  }
}
