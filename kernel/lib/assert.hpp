#pragma once
// ASSERT is for programmer errors only: a broken invariant stops the machine with the condition and
// its place. What a user program or a network peer can cause is a lib::result or a dropped packet.

namespace lib {

/// Reports a failed ASSERT and does not return. The kernel panics; a host build aborts.
[[noreturn]] void assert_failed(const char* condition, const char* file, int line);

} // namespace lib

#define ASSERT(condition)                                                                                    \
    (__builtin_expect(!(condition), 0) ? lib::assert_failed(#condition, __FILE__, __LINE__) : (void)0)
