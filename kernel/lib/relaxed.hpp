#pragma once
// A value that one side writes under a lock of its own (one writer at a time) and others read at any moment
// without that lock: options that table lookups look at, counters that reports show. Each access is one plain
// move that the compiler neither splits nor repeats; nothing is ordered by it. A reader that needs two values
// to fit together needs the lock.

namespace lib {

template <class T>
class relaxed {
public:
    relaxed() = default;
    explicit relaxed(T value) : value_(value) {}
    relaxed(const relaxed&) = delete;
    relaxed& operator=(const relaxed&) = delete;

    operator T() const {
        T value;
        __atomic_load(&value_, &value, __ATOMIC_RELAXED); // the _n forms take no enums in clang
        return value;
    }
    void operator=(T value) { __atomic_store(&value_, &value, __ATOMIC_RELAXED); }
    /// For counters: no atomic instruction, so only for the one writer.
    void operator+=(T by) { *this = static_cast<T>(value_ + by); }
    void operator++(int) { *this += 1; }

private:
    T value_ = {};
};

} // namespace lib
