// Range checks around the routines of user_copy.asm. A range is good if it lies below user_end and does
// not wrap; whether its pages exist shows when they are touched.

#include "kernel/mm/user_ptr.hpp"

#include "kernel/abi/errno.h"
#include "kernel/mm/kmalloc.hpp"

extern "C" {
size_t user_copy(void* to, const void* from, size_t length);
size_t user_clear(void* to, size_t length);
long user_copy_string(char* to, const char* from, size_t size);
int user_compare_exchange(uint32_t* at, uint32_t expected, uint32_t desired, uint32_t* seen);
}

namespace mm {
namespace {

/// How many of the bytes may be user memory at all.
size_t bytes_in_user_space(uint64_t address, size_t length) {
    if (address >= user_end) {
        return 0;
    }
    const uint64_t room = user_end - address;
    return length < room ? length : room;
}

} // namespace

size_t copy_from_user_partial(void* to, user_ptr<const void> from, size_t length) {
    const size_t allowed = bytes_in_user_space(from.address(), length);
    check_object_span(to, allowed, kasan::access::write);
    return allowed - user_copy(to, reinterpret_cast<const void*>(from.address()), allowed);
}

size_t copy_to_user_partial(user_ptr<void> to, const void* from, size_t length) {
    const size_t allowed = bytes_in_user_space(to.address(), length);
    check_object_span(from, allowed, kasan::access::read);
    return allowed - user_copy(reinterpret_cast<void*>(to.address()), from, allowed);
}

lib::result<void> copy_from_user(void* to, user_ptr<const void> from, size_t length) {
    check_object_span(to, length, kasan::access::write);
    if (!is_user_range(from.address(), length) ||
        user_copy(to, reinterpret_cast<const void*>(from.address()), length) != 0) {
        return lib::error{EFAULT};
    }
    return {};
}

lib::result<void> copy_to_user(user_ptr<void> to, const void* from, size_t length) {
    check_object_span(from, length, kasan::access::read);
    if (!is_user_range(to.address(), length) ||
        user_copy(reinterpret_cast<void*>(to.address()), from, length) != 0) {
        return lib::error{EFAULT};
    }
    return {};
}

lib::result<void> clear_user(user_ptr<void> to, size_t length) {
    if (!is_user_range(to.address(), length) ||
        user_clear(reinterpret_cast<void*>(to.address()), length) != 0) {
        return lib::error{EFAULT};
    }
    return {};
}

lib::result<size_t> copy_string_from_user(char* to, user_ptr<const char> from, size_t size_bytes) {
    const size_t allowed = bytes_in_user_space(from.address(), size_bytes);
    check_object_span(to, size_bytes, kasan::access::write);
    const long length = user_copy_string(to, reinterpret_cast<const char*>(from.address()), allowed);
    if (length < 0) {
        return lib::error{EFAULT};
    }
    if (static_cast<size_t>(length) == allowed) {
        return lib::error{allowed == size_bytes ? ENAMETOOLONG : EFAULT};
    }
    return static_cast<size_t>(length);
}

lib::result<uint32_t> compare_exchange_user(user_ptr<uint32_t> at, uint32_t expected, uint32_t desired) {
    uint32_t seen;
    if (!is_user_range(at.address(), sizeof seen) || at.address() % sizeof seen != 0 ||
        user_compare_exchange(reinterpret_cast<uint32_t*>(at.address()), expected, desired, &seen) != 0) {
        return lib::error{EFAULT};
    }
    return seen;
}

} // namespace mm
