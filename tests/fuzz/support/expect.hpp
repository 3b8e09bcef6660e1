#pragma once
// What the targets outside of net/ share: a failed expectation, and input in memory of exactly its size, so
// that the sanitizer sees one byte too many.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace fuzz {

inline void expect(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "fuzz: %s\n", what);
        std::abort();
    }
}

/// Owns an array. (Not std::unique_ptr: <memory> and the kernel's headers do not go together.)
template <class T>
class exact_array {
public:
    explicit exact_array(size_t length) : elements_(new T[length]) {}
    ~exact_array() { delete[] elements_; }
    exact_array(const exact_array&) = delete;
    exact_array& operator=(const exact_array&) = delete;

    T* get() const { return elements_; }

private:
    T* elements_;
};

struct exact_copy : exact_array<uint8_t> {
    exact_copy(const void* bytes, size_t length) : exact_array(length) {
        if (length != 0) {
            std::memcpy(get(), bytes, length);
        }
    }
};

/// A zero-terminated text without zeros in it.
struct exact_text : exact_array<char> {
    exact_text(const uint8_t* bytes, size_t length)
        : exact_array(strnlen(reinterpret_cast<const char*>(bytes), length) + 1) {
        const size_t kept = strnlen(reinterpret_cast<const char*>(bytes), length);
        std::memcpy(get(), bytes, kept);
        get()[kept] = '\0';
    }
};

} // namespace fuzz
