#pragma once
// result<T>: a value, or the reason why there is none. The reason is an errno value from
// kernel/abi/errno.h; it becomes a negative number only at the system-call edge (see as_syscall).

#include "kernel/lib/assert.hpp"

#include <new>
#include <type_traits>
#include <utility>

namespace lib {

/// Why a call failed: one of the E... numbers, always positive.
struct error {
    int number;

    constexpr explicit error(int errno_value) : number(errno_value) {}
    constexpr bool operator==(const error&) const = default;
};

template <class T>
class [[nodiscard]] result {
public:
    constexpr result(T value) : value_(std::move(value)), error_(0) {}
    constexpr result(lib::error why) : error_(why.number) { ASSERT(why.number > 0); }

    result(result&& other) noexcept : error_(other.error_) {
        if (other.ok()) {
            new (&value_) T(std::move(other.value_));
        }
    }
    result& operator=(result&& other) noexcept {
        if (this != &other) {
            this->~result();
            new (this) result(std::move(other));
        }
        return *this;
    }
    result(const result&) = delete;
    result& operator=(const result&) = delete;

    ~result() {
        if (ok()) {
            value_.~T();
        }
    }

    constexpr bool ok() const { return error_ == 0; }
    constexpr explicit operator bool() const { return ok(); }

    constexpr T& value() & {
        ASSERT(ok());
        return value_;
    }
    constexpr T&& value() && {
        ASSERT(ok());
        return std::move(value_);
    }
    constexpr const T& value() const& {
        ASSERT(ok());
        return value_;
    }
    constexpr T value_or(T fallback) && { return ok() ? std::move(value_) : std::move(fallback); }

    /// The reason; only to be asked of a failed result.
    constexpr lib::error error() const {
        ASSERT(!ok());
        return lib::error{error_};
    }

private:
    union {
        T value_;
    };
    int error_; ///< 0 means that value_ is alive.
};

/// Success without a value, or the reason of a failure.
template <>
class [[nodiscard]] result<void> {
public:
    constexpr result() = default;
    constexpr result(lib::error why) : error_(why.number) { ASSERT(why.number > 0); }

    constexpr bool ok() const { return error_ == 0; }
    constexpr explicit operator bool() const { return ok(); }
    constexpr void value() const { ASSERT(ok()); }
    constexpr lib::error error() const {
        ASSERT(!ok());
        return lib::error{error_};
    }

private:
    int error_ = 0;
};

/// The system-call edge: the value as a register, or the negative error number.
template <class T>
constexpr long as_syscall(const result<T>& outcome) {
    if (!outcome.ok()) {
        return -outcome.error().number;
    }
    if constexpr (std::is_void_v<T>) {
        return 0;
    } else {
        return static_cast<long>(outcome.value());
    }
}

} // namespace lib

/// The value of a result, or return its error from the calling function.
#define TRY(expression)                                                                                      \
    ({                                                                                                       \
        auto try_outcome = (expression);                                                                     \
        if (__builtin_expect(!try_outcome.ok(), 0)) {                                                        \
            return try_outcome.error();                                                                      \
        }                                                                                                    \
        std::move(try_outcome).value();                                                                      \
    })
