#pragma once
// Which system calls there are, and making one.

#include "user/sysfuzz/arguments.hpp"

/// Makes one call with arguments of its kinds, or a random one. Calls that end or copy the caller happen in
/// a child. Returns the call's number.
long make_call(random_source& random, arguments& made);
