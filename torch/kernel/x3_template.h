// What x3 has beside the float32 template. No include guard, as there; Pairs is there
// before, or declared.
#include "x3_split.h"
#include "x3_near.h"
#include "x3.h"
#include "x3_pairs.h"
#include "x3_tiles.h"
