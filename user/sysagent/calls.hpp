#pragma once
// The system calls that a tester may ask for.

#include "user/sysagent/request.hpp"

/// Makes the call and collects its "out" bytes. The result, or minus the error number; -ENOSYS for a call
/// that is not in the table.
long perform(const request& r, output& out);
