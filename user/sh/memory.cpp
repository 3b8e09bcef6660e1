// Arenas, strings and the two allocation functions that never return null.

#include "user/sh/memory.hpp"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// One piece of an arena; the content follows the header.
struct block {
    block* previous;
    size_t used;
    size_t capacity;

    char* content() { return reinterpret_cast<char*>(this + 1); }
};

constexpr size_t block_bytes = 4096 - sizeof(block);

arena scratch;

void* resize_or_exit(void* memory, size_t size) {
    void* resized = realloc(memory, size);
    if (resized == nullptr) {
        fputs("sh: out of memory\n", stderr);
        exit(2);
    }
    return resized;
}

void* allocate_or_exit(size_t size) {
    return resize_or_exit(nullptr, size > 0 ? size : 1);
}

void free_memory(void* memory) {
    free(memory);
}

char* duplicate(const char* string) {
    size_t size = strlen(string) + 1;
    return static_cast<char*>(memcpy(allocate_or_exit(size), string, size));
}

void* arena::allocate(size_t size) {
    size = (size + 15) & ~size_t{15};
    if (current_ == nullptr || current_->capacity - current_->used < size) {
        size_t capacity = size > block_bytes ? size : block_bytes;
        block* fresh = static_cast<block*>(allocate_or_exit(sizeof(block) + capacity));
        *fresh = {current_, 0, capacity};
        current_ = fresh;
    }
    void* memory = current_->content() + current_->used;
    current_->used += size;
    return memset(memory, 0, size);
}

char* arena::copy(const char* string, size_t length) {
    char* memory = static_cast<char*>(allocate(length + 1));
    memcpy(memory, string, length);
    return memory;
}

arena::position arena::here() const {
    return {current_, current_ != nullptr ? current_->used : 0};
}

void arena::release(position to) {
    while (current_ != to.current) {
        block* previous = current_->previous;
        free(current_);
        current_ = previous;
    }
    if (current_ != nullptr) {
        current_->used = to.used;
    }
}

text::~text() {
    free(data_);
}

void text::reserve(size_t size) {
    if (size + 1 > capacity_) {
        capacity_ = (size + 1) * 2 > 32 ? (size + 1) * 2 : 32;
        data_ = static_cast<char*>(resize_or_exit(data_, capacity_));
    }
}

void text::add(const char* string, size_t length) {
    insert(size_, string, length);
}

void text::add(const char* string) {
    insert(size_, string, strlen(string));
}

void text::add(char character) {
    insert(size_, &character, 1);
}

void text::add_number(long number) {
    char digits[24];
    add(digits, static_cast<size_t>(snprintf(digits, sizeof digits, "%ld", number)));
}

void text::insert(size_t at, const char* string, size_t length) {
    reserve(size_ + length);
    memmove(data_ + at + length, data_ + at, size_ - at);
    memcpy(data_ + at, string, length);
    size_ += length;
    data_[size_] = '\0';
}

void text::erase(size_t from, size_t count) {
    memmove(data_ + from, data_ + from + count, size_ - from - count);
    truncate(size_ - count);
}

void text::truncate(size_t length) {
    size_ = length;
    if (data_ != nullptr) {
        data_[length] = '\0';
    }
}
