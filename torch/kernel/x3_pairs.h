// The product of split rows and a split panel where an instruction multiplies pairs, Pairs:
// acc + a[0] b[0] + a[1] b[1] in every lane. As in product.h, mr rows meet 32 columns; a
// chain of 192 k, hi and lo, is 24 KB and stays in the nearest cache while all rows pass.
//
//   c = lo.hi + hi.lo + hi.hi   within a chain, pair by pair, then   y = ((bias + c0) + c1) + ...

class PairProduct {
 public:
  static constexpr int mr = Lanes::vectors == 2 ? 12 : 4;
  static constexpr int pitch = 16;  // words from one pair of k to the next in a block of rows
  static constexpr int64_t step = 2;  // k is brought to a multiple of this

  struct Use {};  // nothing is to be set up in a thread

  // How many roundings a product of two numbers passes on its way, at most.
  static int64_t roundings(int64_t k) { return 3 * chain + (k + chain - 1) / chain + 1; }

  // Words of a packed block of rows, [hi, lo][k/2][pitch]: the planes as they are.
  static int64_t words(int64_t k) { return k * pitch; }
  static void pack(const uint32_t *planes, int64_t k, uint32_t *out) { std::memcpy(out, planes, words(k) * sizeof(uint32_t)); }

  // `count` rows with one panel whose planes are hi and lo: c is count x 32, ldc apart.
  static void panel(const uint32_t *rows, int64_t count, const uint32_t *hi, const uint32_t *lo, int64_t k, const float *bias, float *c,
                    int64_t ldc, const Ahead &ahead) {
    const int64_t blocks = (count + mr - 1) / mr, calls = (k + chain - 1) / chain * blocks;
    int64_t call = 0;
    for (int64_t from = 0; from < k; from += chain) {
      const int64_t pairs = std::min(chain, k - from) / 2;
      for (int64_t i = 0; i < count; i += mr, call++) {
        const uint32_t *a = rows + i / mr * words(k) + from / 2 * pitch;
        ahead.ask(call, calls);
        table[std::min<int64_t>(mr, count - i)](a, a + k / 2 * pitch, hi + from / 2 * panel_width, lo + from / 2 * panel_width, pairs, from == 0,
                                                bias, c + i * ldc, ldc);
      }
    }
  }

 private:
  static constexpr int64_t chain = 192;

  template <int M>
  static void block(const uint32_t *ah, const uint32_t *al, const uint32_t *bh, const uint32_t *bl, int64_t pairs, bool first,
                    const float *bias, float *c, int64_t ldc) {
    constexpr int vectors = Lanes::vectors;
    for (int64_t col = 0; col < panel_width; col += 16 * vectors) {
      Lanes::V acc[M][vectors];
#pragma GCC unroll 16
      for (int i = 0; i < M; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) acc[i][v] = Lanes::zero();
      for (int64_t p = 0; p < pairs; p++) {
        Pairs::B h[vectors], l[vectors];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
          h[v] = Pairs::load(bh + p * panel_width + col + 16 * v), l[v] = Pairs::load(bl + p * panel_width + col + 16 * v);
#pragma GCC unroll 16
        for (int i = 0; i < M; i++)
#pragma GCC unroll 2
          for (int v = 0; v < vectors; v++) acc[i][v] = Pairs::dot(acc[i][v], Pairs::spread(al[p * pitch + i]), h[v]);
#pragma GCC unroll 16
        for (int i = 0; i < M; i++)
#pragma GCC unroll 2
          for (int v = 0; v < vectors; v++) acc[i][v] = Pairs::dot(acc[i][v], Pairs::spread(ah[p * pitch + i]), l[v]);
#pragma GCC unroll 16
        for (int i = 0; i < M; i++)
#pragma GCC unroll 2
          for (int v = 0; v < vectors; v++) acc[i][v] = Pairs::dot(acc[i][v], Pairs::spread(ah[p * pitch + i]), h[v]);
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

  using Block = void (*)(const uint32_t *, const uint32_t *, const uint32_t *, const uint32_t *, int64_t, bool, const float *, float *,
                         int64_t);
  template <int... M>
  static constexpr std::array<Block, sizeof...(M) + 1> all(std::integer_sequence<int, M...>) {
    return {nullptr, block<M + 1>...};
  }
  static const std::array<Block, mr + 1> table;
};
const std::array<PairProduct::Block, PairProduct::mr + 1> PairProduct::table = PairProduct::all(std::make_integer_sequence<int, PairProduct::mr>{});
