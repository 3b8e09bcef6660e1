#pragma once
// Included first in every file of the fuzz targets for net/ (see rules.mk), because kernel/abi and the host's
// headers define the same names.
#pragma GCC system_header

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/host_abi.hpp"
