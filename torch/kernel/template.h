// All that is written in terms of Lanes. No include guard: each instruction set has its own.
#include "product.h"
#include "linear.h"
#include "exp.h"
#include "statistics.h"
#include "f32.h"
#include "readout.h"
#include "select.h"
#include "gelu.h"
