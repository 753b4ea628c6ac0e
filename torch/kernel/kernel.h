// The product with a weight matrix and what a lens reads of it, in plain C++ on
// float*: nothing here knows libtorch. One file an instruction set (avx512.cc,
// plain.cc) fills the same table, which is chosen at run time.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Runs task(of, i) for i = 0..n-1 on the caller's threads, and returns when all are
// done. Results do not depend on how many threads there are. NULL: one after the other.
typedef void golens_task(void *of, int64_t i);
typedef void golens_parallel(int64_t n, golens_task *task, void *of);

// The order in which the K products of an element are summed. A BLAS has one of these
// for a given number of rows, and the last bits of a product belong to it.
//   chain > 0: fused multiply-adds in chains of so many, each from 0, and then
//              y = ((bias + c0) + c1) + ...; without a bias y = (c0 + c1) + ...
//   chain = GOLENS_LANES: 16 chains, lane j over k = j, j+16, ...; s[j] = ((l[j] +
//              l[j+4]) + l[j+8]) + l[j+12] for j < 4; y = (s[0]+s[1]) + (s[2]+s[3]), + bias
typedef int64_t golens_order;
enum { GOLENS_LANES = -16 };

// A weight matrix of n outputs and k inputs. Element (i,j) is w[i*sn + j*sk]. Where
// packed is set it is that matrix in panels of 32 outputs, [ceil(n/32)][k][32] with zeros
// behind the last; then w may be NULL, but not for GOLENS_LANES.
typedef struct {
  const float *w, *packed;
  int64_t n, k, sn, sk;
} golens_matrix;

// What a lens reads: R states at each of T positions, projected on V words.
// state[r] points to T rows of k floats, ld apart. final is the model's own output
// among them: KL is taken to that row. Memory beside the results: a few MB a thread.
typedef struct {
  golens_matrix head;
  const float *bias;  // [V], or NULL
  golens_order order;
  const float *const *state;
  int64_t rows, length, ld;  // R, T, floats between positions
  int64_t final;             // 0..R-1
  int64_t top;               // candidates a cell, 1..V
  const int64_t *targets;    // [T,N] ids, -1 for none; the same for every state
  int64_t count;             // N
  int64_t tile, block;       // columns of a tile, rows of a block; 0: what is best. For tests.

  int64_t *top_ids;    // [R,T,top]: value descending, id ascending
  float *top_logits;   // [R,T,top]
  double *lse;         // [R,T] log-sum-exp
  double *entropy;     // [R,T]
  double *kl;          // [R,T] KL(final || row)
  float *target_logit;   // [R,T,N]; NaN for none
  int64_t *target_rank;  // [R,T,N] 1 + the number of larger logits, V for NaN; 0 for none
  int64_t *target_ties;  // [R,T,N] other words with an equal logit, 0 for NaN
  int64_t *again;        // NULL, or two counts to which x3 adds: of words and of rows in float32
} golens_readout;

// What of logits is wanted that are at hand: of rows x[at[i]*ld ...] of n each, i < rows.
typedef struct {
  const float *x;
  const int64_t *at;  // NULL for 0, 1, ...
  int64_t rows, n, ld;
  int64_t top;             // 0..n
  const int64_t *targets;  // [rows,count] ids, -1 for none
  int64_t count;

  int64_t *top_ids;   // [rows,top]: NaN before all else, then value descending, id ascending
  float *top_logits;  // [rows,top]
  int64_t *rank;      // [rows,count] 1 + the number of larger logits, n for NaN; 0 for none
  int64_t *ties;      // [rows,count] other words with an equal logit, 0 for NaN
} golens_selection;

// One instruction set.
typedef struct {
  const char *name;  // "avx512", "plain"
  // Packs m into out, [ceil(n/32)][k][32] floats, 64-byte aligned.
  void (*pack)(const golens_matrix *m, float *out, golens_parallel *par);
  // y[i,j] = bias[j] + x[i,:] . w[j,:], for `rows` rows; ldx and ldy floats between rows.
  // Any number of rows has the same bits, row by row. Returns 0, or 1 where memory is out.
  int (*linear)(const float *x, int64_t rows, int64_t ldx, const golens_matrix *m, const float *bias,
                golens_order order, float *y, int64_t ldy, golens_parallel *par);
  // y[i] = bias[ids[i]] + x[i,:] . w[ids[i],:], for chosen outputs: the bits of linear.
  void (*dots)(const float *x, int64_t count, int64_t ldx, const golens_matrix *m, const float *bias,
               golens_order order, const int64_t *ids, float *y, golens_parallel *par);
  // Reads. Returns 0, or 1 where memory is out.
  int (*readout)(const golens_readout *r, golens_parallel *par);
  // Selects. Returns 0, or 1 where memory is out.
  int (*select)(const golens_selection *s, golens_parallel *par);
  // y = gelu_new(x) or gelu(x) in one pass, within 4e-7 max(1,|x|) of the formula; y may be x.
  void (*gelu_tanh)(const float *x, float *y, int64_t n);
} golens_kernel;

// The best that this processor runs, and those that it runs, best first. NULL behind the last.
const golens_kernel *golens_kernel_best(void);
const golens_kernel *golens_kernel_at(int i);

// The same with the readout in split bfloat16 (x3.h): float32's own candidates, logits,
// ranks and ties, and sums that are near. Those that this processor runs, best first, and
// those on emulated instructions, for tests. NULL behind the last.
const golens_kernel *golens_x3_at(int i);
const golens_kernel *golens_x3_emulated_at(int i);

// For tests: whether the trial of x3's instructions, pairs or tiles, passes with a fault in
// them; 0 is none. See x3_emulated.cc.
int golens_x3_trial_passes(int tiles, int fault);

// For callers that cannot call through a pointer, nor see an exception: those that return a
// number return 0, or 1 where it could not be done.
int golens_call_pack(const golens_kernel *s, const golens_matrix *m, float *out, golens_parallel *par);
int golens_call_linear(const golens_kernel *s, const float *x, int64_t rows, int64_t ldx, const golens_matrix *m, const float *bias,
                       golens_order order, float *y, int64_t ldy, golens_parallel *par);
int golens_call_dots(const golens_kernel *s, const float *x, int64_t count, int64_t ldx, const golens_matrix *m, const float *bias,
                      golens_order order, const int64_t *ids, float *y, golens_parallel *par);
int golens_call_readout(const golens_kernel *s, const golens_readout *r, golens_parallel *par);
int golens_call_select(const golens_kernel *s, const golens_selection *x, golens_parallel *par);
void golens_call_gelu(const golens_kernel *s, const float *x, float *y, int64_t n);

#ifdef __cplusplus
}
#endif
