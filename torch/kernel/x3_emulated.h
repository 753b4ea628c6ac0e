// The instructions that x3 needs, in plain C++, by their definitions in Intel's manual:
// each step is a fused multiply-add to the nearest float32, even where two are; what is
// below 2^-126 counts as zero, before and after. Tests run on these anywhere, and
// hardware is held against them before it is used.

static inline float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
static inline float low_half(uint32_t pair) { return flushed(std::bit_cast<float>(pair << 16)); }
static inline float high_half(uint32_t pair) { return flushed(std::bit_cast<float>(pair & 0xffff0000)); }

// VDPBF16PS: the upper halves first.
struct EmulatedPairs {
  struct B {
    uint32_t x[16];
  };
  static float step(float c, uint32_t a, uint32_t b) {
    c = flushed(std::fma(high_half(a), high_half(b), flushed(c)));
    return flushed(std::fma(low_half(a), low_half(b), c));
  }
};

// TDPBF16PS: even and odd k of an instruction in chains of their own, from zero.
struct EmulatedTiles {
  struct Use {};
  static void zero() { std::memset(sums(), 0, sizeof(float) * 32 * 32); }
  static void load_rows(const uint32_t *x) { state().rows = x; }
  static void load_columns(const uint32_t *x) { state().columns = x; }
  static void multiply() {
    const State &s = state();
    for (int i = 0; i < 32; i++)
      for (int j = 0; j < 32; j++) {
        float even = 0, odd = 0;
        for (int p = 0; p < 16; p++) {
          const uint32_t a = s.rows[i * 16 + p], b = s.columns[p * 32 + j];
          even = flushed(std::fma(low_half(a), low_half(b), even));
          odd = flushed(std::fma(high_half(a), high_half(b), odd));
        }
        float &c = sums()[i * 32 + j];
        c = flushed(flushed(c) + flushed(even + odd));
      }
  }
  static void store(float *c) { std::memcpy(c, sums(), sizeof(float) * 32 * 32); }

 private:
  struct State {
    const uint32_t *rows, *columns;
    float sums[32 * 32];
  };
  static State &state() {
    thread_local State s;
    return s;
  }
  static float *sums() { return state().sums; }
};
