// x3 with AMX: tiles of 16 x 16 sums, 16 x 16 x 32 products an instruction. The logic is
// that of the emulated tiles, and no processor is used whose tiles differ from those.
#if defined(__x86_64__) && defined(__linux__) && __GNUC__ >= 11
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "parts.h"
#include "x3_trial.h"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,amx-tile,amx-bf16")
namespace {

#include "avx512.h"
#include "template.h"

// Sums are in tiles 0 to 3, rows in 4 and 5, columns in 6 and 7. The numbers of tiles
// are parts of the instructions' names to the assembler, and must be written out.
struct Tiles {
  // Tiles of full size, while one of these lives in a thread.
  class Use {
   public:
    Use() {
      struct alignas(64) {
        uint8_t palette = 1, start = 0, none[14] = {};
        uint16_t bytes[16] = {};
        uint8_t rows[16] = {};
      } shape;
      for (int i = 0; i < 8; i++) shape.bytes[i] = 64, shape.rows[i] = 16;
      // Compilers (g++ 12) do not see that the instruction reads this.
      asm volatile("" ::"r"(&shape) : "memory");
      _tile_loadconfig(&shape);
    }
    ~Use() { _tile_release(); }
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;
  };

  static void zero() {
    asm volatile("" ::: "memory");  // what tiles load is in memory by now: compilers do not see that they do
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  static void load_rows(const uint32_t *x) {
    _tile_loadd(4, x, 64);
    _tile_loadd(5, x + 16 * 16, 64);
  }
  static void load_columns(const uint32_t *x) {
    _tile_loadd(6, x, 128);
    _tile_loadd(7, x + 16, 128);
  }
  static void multiply() {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  static void store(float *c) {
    _tile_stored(0, c, 128);
    _tile_stored(1, c + 16, 128);
    _tile_stored(2, c + 16 * 32, 128);
    _tile_stored(3, c + 16 * 32 + 16, 128);
    asm volatile("" ::: "memory");
  }
};

#include "x3_split.h"
#include "x3_near.h"
#include "x3.h"
#include "x3_tiles.h"

using Product = TileProduct<Tiles>;

int read_x3(const golens_readout *r, golens_parallel *par) { return read_split<Product>(r, par); }

// Asks the system for the tiles' registers, once for the process.
bool permitted() {
  constexpr int request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request, tile_data) == 0;
}

void block(const uint32_t *rows, const uint32_t *hi, const uint32_t *lo, int64_t k, float *out) {
  Tiles::Use use;
  Product::block(rows, hi, lo, k, out);
}

}  // namespace
#pragma GCC pop_options

bool golens_tiles_as_defined() { return permitted() && golens_tiles_pass(block); }

extern const golens_kernel golens_x3_amx = {"x3-amx", pack, linear, dots, read_x3, select, gelu_tanh};
#endif
