// No instruction set in particular.
#include "parts.h"
namespace {

#include "plain.h"
#include "template.h"

}  // namespace

extern const golens_kernel golens_plain = {"plain", pack, linear, dots, readout, select, gelu_tanh};
