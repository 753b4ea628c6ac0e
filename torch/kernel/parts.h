// What the files of the instruction sets include before their target begins.
#pragma once
#if defined(__clang__) && defined(__x86_64__)
#error "golens's kernels choose their instructions by #pragma GCC target, which clang ignores: build with g++ (CXX=g++ go build)"
#endif
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "definitions.h"
#include "kernel.h"
#include "scratch.h"
