// The product of split rows and a split panel where there are tiles: 16 rows of 64
// bytes. 32 rows meet 32 columns in four tiles of sums:
//
//                 b0    b1       32 columns, 16 pairs of k
//             a0 [c0]  [c1]      c += a b, for lo.hi, hi.lo and hi.hi of 32 k
//             a1 [c2]  [c3]
//      32 rows
//
// Tiles is how they are worked with: Intel's AMX, or the same in plain C++.

template <class Tiles>
class TileProduct {
 public:
  static constexpr int mr = 32, pitch = 32;
  static constexpr int64_t step = 32;
  using Use = typename Tiles::Use;

  // A chain of 16 within an instruction, the sum of even and odd k, and all instructions.
  static int64_t roundings(int64_t k) { return 16 + 1 + 3 * (k / step) + 1; }

  // Rows, 32 of them: [k/32][hi, lo][row][16 pairs].
  static int64_t words(int64_t k) { return k * mr; }
  static void pack(const uint32_t *planes, int64_t k, uint32_t *out) {
    for (int64_t from = 0; from < k / 2; from += 16)
      for (int part = 0; part < 2; part++)
        for (int i = 0; i < mr; i++)
          for (int p = 0; p < 16; p++) *out++ = planes[(part * (k / 2) + from + p) * mr + i];
  }

  static void panel(const uint32_t *rows, int64_t count, const uint32_t *hi, const uint32_t *lo, int64_t k, const float *bias, float *c,
                    int64_t ldc, const Ahead &ahead) {
    alignas(64) float sums[mr * panel_width];
    const int64_t calls = (count + mr - 1) / mr;
    for (int64_t i = 0; i < count; i += mr) {
      ahead.ask(i / mr, calls);
      block(rows + i / mr * words(k), hi, lo, k, sums);
      for (int64_t r = 0; r < std::min<int64_t>(mr, count - i); r++)
        for (int64_t j = 0; j < panel_width; j += 16) {
          Lanes::V y = Lanes::load(sums + r * panel_width + j);
          Lanes::store(c + (i + r) * ldc + j, bias ? Lanes::add(Lanes::load(bias + j), y) : y);
        }
    }
  }

  // c[32][32] = rows times columns.
  static void block(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *c) {
    Tiles::zero();
    for (int64_t from = 0; from < k / 2; from += 16, rows += 2 * 16 * mr) {
      const uint32_t *h = hi + from * panel_width;
      Tiles::load_rows(rows + 16 * mr);  // lo
      Tiles::load_columns(h);
      Tiles::multiply();
      Tiles::load_rows(rows);
      Tiles::multiply();
      Tiles::load_columns(lo + from * panel_width);
      Tiles::multiply();
    }
    Tiles::store(c);
  }
};
