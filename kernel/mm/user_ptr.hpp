#pragma once
// Memory of the running program. A user_ptr is an address that only the functions below can read
// through: they check that it lies in user space, open SMAP for the copy alone, bring in missing pages,
// and report EFAULT instead of faulting. Everything is copied once: what was fetched cannot change.
//
// Process context, may sleep for a page, so no spin lock is held.

#include "kernel/lib/result.hpp"
#include "kernel/mm/layout.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mm {

template <class T>
class user_ptr {
public:
    constexpr user_ptr() = default;
    constexpr explicit user_ptr(uint64_t address) : address_(address) {}
    /// Any typed user pointer is also an untyped one.
    template <class U>
    requires(std::is_void_v<T> &&
             (std::is_const_v<T> || !std::is_const_v<U>)) constexpr user_ptr(user_ptr<U> other)
        : address_(other.address()) {}
    /// One that may be written may be read.
    constexpr operator user_ptr<const T>() const requires(!std::is_const_v<T> && !std::is_void_v<T>) {
        return user_ptr<const T>(address_);
    }

    constexpr uint64_t address() const { return address_; }
    constexpr bool is_null() const { return address_ == 0; }

    /// The element `index` further on. Overflow is harmless: the copy functions check the address.
    constexpr user_ptr operator+(uint64_t index) const requires(!std::is_void_v<T>) {
        return user_ptr(address_ + index * sizeof(T));
    }
    constexpr user_ptr bytes_on(uint64_t bytes) const { return user_ptr(address_ + bytes); }

    template <class U>
    constexpr user_ptr<U> as() const {
        return user_ptr<U>(address_);
    }

private:
    uint64_t address_ = 0;
};

/// Copies length bytes, or fails with EFAULT; then some of the bytes may have been copied.
lib::result<void> copy_from_user(void* to, user_ptr<const void> from, size_t length);
lib::result<void> copy_to_user(user_ptr<void> to, const void* from, size_t length);
/// Sets length bytes of user memory to zero. EFAULT.
lib::result<void> clear_user(user_ptr<void> to, size_t length);

/// As above, but tells how many bytes were copied before the first that could not be (Linux's short
/// counts). Never fails: 0 means that the first byte was out of reach.
size_t copy_from_user_partial(void* to, user_ptr<const void> from, size_t length);
size_t copy_to_user_partial(user_ptr<void> to, const void* from, size_t length);

/// Copies a string with its NUL and returns its length without. EFAULT; ENAMETOOLONG if there is no NUL
/// in the first size_bytes bytes.
lib::result<size_t> copy_string_from_user(char* to, user_ptr<const char> from, size_t size_bytes);

/// Atomically replaces the word if it is `expected`; returns what was there. EFAULT, also if misaligned.
lib::result<uint32_t> compare_exchange_user(user_ptr<uint32_t> at, uint32_t expected, uint32_t desired);

/// One value in, one value out.
template <class T>
lib::result<std::remove_const_t<T>> fetch(user_ptr<T> from) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::remove_const_t<T> value;
    TRY(copy_from_user(&value, from, sizeof value));
    return value;
}
template <class T>
lib::result<void> store(user_ptr<T> to, const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>);
    return copy_to_user(to, &value, sizeof value);
}

} // namespace mm
