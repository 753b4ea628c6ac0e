// What the files of the instruction sets include before their target begins.
#pragma once
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
