// How the Go program opens libtorch and the shim (see open.go).
#pragma once
#include "golens.h"

char *golens_load(const char *path);      // a library of libtorch, whose symbols the shim finds
uint64_t golens_torch_number(void);       // aoti_torch_abi_version of the libtorch that is loaded, 0 for none
char *golens_open_shim(const char *path);
int golens_with_asan(void);               // whether this program was built with -asan
