// The C boundary of golens: all that Go sees of libtorch.
//
// Every function that can fail returns NULL, or a malloc'd message that the
// caller frees: what happened, and after '\x1e' the long trace where there is
// one. Nothing is remembered from one call to the next. C++ keeps no Go
// pointer: a Go hook is known by the number of a cgo.Handle.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct golens_tensor golens_tensor;  // owns one at::Tensor
typedef struct golens_module golens_module;  // owns one torch::jit::Module
typedef struct golens_unit golens_unit;      // the class types of modules built together
typedef struct golens_weight golens_weight;      // a weight matrix as kernels read it
typedef struct golens_products golens_products;  // which modules kernels compute
typedef struct golens_file golens_file;      // a mapped file, kept while a tensor uses it

// ---- tensors (tensor.cc); dtypes are c10::ScalarType's numbers

char *golens_tensor_copy_in(const void *data, int64_t bytes, int dtype, const int64_t *dims, int ndim,
                            golens_tensor **out);
char *golens_tensor_empty(const int64_t *dims, int ndim, golens_tensor **out);  // float32, not yet written
char *golens_tensor_copy_out(const golens_tensor *t, void *dst, int64_t bytes);
char *golens_tensor_narrow(const golens_tensor *t, int64_t dim, int64_t start, int64_t length, golens_tensor **out);
char *golens_tensor_select(const golens_tensor *t, int64_t dim, int64_t index, golens_tensor **out);
char *golens_tensor_to(const golens_tensor *t, int dtype, const char *device, golens_tensor **out);
char *golens_tensor_clone(const golens_tensor *t, golens_tensor **out);
int golens_tensor_sizes(const golens_tensor *t, int64_t *sizes, int room);  // writes at most room of them, returns how many there are
int golens_tensor_dtype(const golens_tensor *t);
const void *golens_tensor_storage(const golens_tensor *t);
char *golens_tensor_floats(const golens_tensor *t, float **out);  // its elements, where kernels can read them
int golens_tensor_device(const golens_tensor *t, int *index);  // c10::DeviceType's number, and which of that kind
// Whether two float32 tensors have the same shape and the same bits.
char *golens_tensor_same_bits(const golens_tensor *a, const golens_tensor *b, int *same);
void golens_tensor_free(golens_tensor *t);
void golens_trim(void);     // gives freed memory back to the system
int64_t golens_live(void);  // tensors, modules and files not yet freed

// A private, writable mapping whose pages come in when they are read.
char *golens_file_map(const char *path, golens_file **out);
char *golens_file_check(const golens_file *f);  // that the file is as it was when it was mapped
char *golens_file_preload(golens_file *f, int64_t offset, int64_t bytes);  // in the background
char *golens_file_tensor(const golens_file *f, int64_t offset, int64_t bytes, int dtype, const int64_t *dims, int ndim,
                         golens_tensor **out);
char *golens_file_forget(golens_file *f, int64_t offset, int64_t bytes);  // drop pages that are as in the file
void golens_file_free(golens_file *f);

// ---- modules (module.cc)

// A value handed to a method. A list is its head (i = how many) and then its items.
enum { GOLENS_NONE, GOLENS_TENSOR, GOLENS_INT, GOLENS_DOUBLE, GOLENS_BOOL, GOLENS_TENSORS, GOLENS_INTS };
typedef struct {
  int kind;
  int64_t i;
  double d;
  const golens_tensor *t;
} golens_value;

// What a class is made of: a parameter, a child or a plain attribute.
typedef struct {
  const char *name;
  golens_value value;          // parameter (GOLENS_TENSOR) or attribute
  const golens_module *child;  // not NULL: a child, and value is not looked at
} golens_slot;

// One thing that happens at a module while a method runs.
enum { GOLENS_CAPTURE, GOLENS_CALL, GOLENS_GO };
typedef struct {
  const golens_module *at;
  int input;                // 1: on the first argument before it runs, 0: on what it returns
  int kind;
  const golens_module *fn;  // GOLENS_CALL: fn.method(x, values...) takes the place of x
  const char *method;
  int first, count;         // its values in the array beside
  int index;                // GOLENS_CAPTURE: where the copy goes; GOLENS_GO: the hook's number
} golens_step;

char *golens_unit_new(golens_unit **out);
void golens_unit_free(golens_unit *u);
char *golens_module_define(golens_unit *u, const char *role, const char *source, const golens_slot *slots, int n,
                           golens_module **out);
char *golens_module_load(const char *path, const char *device, golens_module **out);
char *golens_module_save(const golens_module *m, const char *path);
char *golens_module_child(const golens_module *m, const char *path, golens_module **out);
char *golens_module_parameter(const golens_module *m, const char *path, golens_tensor **out);
char *golens_module_describe(const golens_module *m, char **text);  // lines, see describe()
char *golens_module_has_method(const golens_module *m, const char *name, int *has);
char *golens_module_interpose(const golens_module *m);
// The call ends with an error before the next module that was made ready for hooks once
// *stop is not 0; stop may be NULL.
char *golens_module_call(const golens_module *m, const char *method, const golens_value *args, int nargs,
                         const golens_products *products, const int32_t *stop, const golens_step *steps, int nsteps, const golens_value *values, int nvalues,
                         uintptr_t go, golens_tensor **captures, int64_t *hits, golens_tensor ***results, int *nresults);
void golens_module_free(golens_module *m);

// ---- modules that kernels compute (product.cc); set is a golens_kernel of kernel/kernel.h

char *golens_weight_new(const void *set, const golens_tensor *w, int by_input, int pack, golens_weight **out);
void golens_weight_free(golens_weight *w);
char *golens_products_new(const void *set, golens_products **out);
char *golens_products_linear(golens_products *to, const golens_module *at, const golens_weight *w, const golens_tensor *bias, int64_t order, int64_t rows);
char *golens_products_each(golens_products *to, const golens_module *at);  // the text, on each row of the batch
char *golens_products_gelu(golens_products *to, const golens_module *at, int by_parts);
void golens_products_free(golens_products *p);

// ---- the library and its devices (device.cc)

// How many threads kernels run on. symbol is OpenMP's entry point, NULL for the usual one.
int golens_kernel_threads(const char *symbol);
void *golens_parallel_for_kernels(void);  // a golens_parallel of kernel/kernel.h, on libtorch's own threads

// Once, before any other question about CUDA; TF32 is off. *present is 1 where the driver is
// there and does not say that there is no GPU, also beside an error.
char *golens_cuda_open(int *count, int *present);
char *golens_cuda_major(int index, int *major);  // of a GPU's compute capability
char *golens_cuda_tf32(int allow);   // whether float32 products on GPUs may be TF32 ones, in the whole process
char *golens_describe(char **text);  // lines "key\tvalue": version, capability, BLAS, ...
char *golens_set_threads(int n);
char *golens_threads(int *n);

// ---- the profiler (profile.cc)

char *golens_profile_begin(int cuda);   // on the thread that ends it, too
char *golens_profile_end(char **text);  // nine numbers, see there

#ifdef __cplusplus
}
#endif
