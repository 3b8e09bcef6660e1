#pragma once
// A buffer on the heap that frees itself: a path or a page of text for the time of one call, which a
// kernel stack is too small for.

#include "kernel/mm/kmalloc.hpp"

#include <cstddef>

namespace fs {

/// Any context that may call kmalloc. False if there was no memory.
class scratch {
public:
    explicit scratch(size_t length)
        : bytes_(static_cast<char*>(mm::kmalloc(length, mm::mem_tag::file))), length_(length) {}
    ~scratch() { mm::kfree(bytes_); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    explicit operator bool() const { return bytes_ != nullptr; }
    char* data() const { return bytes_; }
    size_t size() const { return length_; }

private:
    char* bytes_;
    size_t length_;
};

} // namespace fs
