#pragma once
// Shared ownership by counting. ref<T> holds one count; the object counts in its base class
// ref_counted and says in T::release_last(T*) how it goes away. The count saturates instead of
// wrapping, so that too many references leak an object rather than free it under its users.

#include "kernel/lib/assert.hpp"

#include <cstdint>
#include <utility>

namespace lib {

class ref_counted {
public:
    ref_counted() = default;
    ref_counted(const ref_counted&) = delete;
    ref_counted& operator=(const ref_counted&) = delete;

    void get() {
        const uint32_t before = __atomic_fetch_add(&count_, 1, __ATOMIC_RELAXED);
        ASSERT(before != 0);
        if (before >= saturated) {
            __atomic_store_n(&count_, saturated, __ATOMIC_RELAXED);
        }
    }

    /// Gives one count back. True if it was the last one: the caller now destroys the object.
    [[nodiscard]] bool put() {
        if (__atomic_load_n(&count_, __ATOMIC_RELAXED) >= saturated) {
            return false;
        }
        const uint32_t before = __atomic_fetch_sub(&count_, 1, __ATOMIC_ACQ_REL);
        ASSERT(before != 0);
        return before == 1;
    }

    /// Takes a count unless the object is already going away. For tables that hold no count themselves.
    [[nodiscard]] bool get_unless_dying() {
        uint32_t seen = __atomic_load_n(&count_, __ATOMIC_RELAXED);
        while (seen != 0) {
            if (__atomic_compare_exchange_n(&count_, &seen, seen + 1, false, __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED)) {
                return true;
            }
        }
        return false;
    }

    uint32_t count() const { return __atomic_load_n(&count_, __ATOMIC_RELAXED); }

private:
    static constexpr uint32_t saturated = 0x7fffffff;
    uint32_t count_ = 1; ///< Born with one count, which ref<T>::adopt takes over.
};

template <class T>
class ref {
public:
    ref() = default;
    ref(decltype(nullptr)) {}

    /// Takes over a count that already exists, such as the first one of a new object.
    static ref adopt(T* object) {
        ref taken;
        taken.object_ = object;
        return taken;
    }
    /// Adds a count to an object that somebody else keeps alive during the call.
    static ref share(T* object) {
        if (object != nullptr) {
            object->lib::ref_counted::get();
        }
        return adopt(object);
    }

    ref(const ref& other) : object_(other.object_) {
        if (object_ != nullptr) {
            object_->lib::ref_counted::get();
        }
    }
    ref(ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    ref& operator=(ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~ref() { reset(); }

    void reset() {
        if (T* object = std::exchange(object_, nullptr); object != nullptr && object->put()) {
            T::release_last(object);
        }
    }
    /// Hands the count to the caller, who must adopt it again some day.
    [[nodiscard]] T* leak() { return std::exchange(object_, nullptr); }

    T* get() const { return object_; }
    T* operator->() const {
        ASSERT(object_ != nullptr);
        return object_;
    }
    T& operator*() const {
        ASSERT(object_ != nullptr);
        return *object_;
    }
    explicit operator bool() const { return object_ != nullptr; }
    bool operator==(const ref& other) const { return object_ == other.object_; }

private:
    T* object_ = nullptr;
};

} // namespace lib
