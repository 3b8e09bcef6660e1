#pragma once
// Included first in every file of a host test (see rules.mk). The host's headers and kernel/abi define the
// same names: structs of the system-call interface, and macros with equal values. The host's come first;
// those of kernel/abi that clash get another name here, which nothing in the tests uses.
#pragma GCC system_header

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "tests/host_abi.hpp"
