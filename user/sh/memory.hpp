#pragma once
// Memory of the shell. Strings and trees are allocated from arenas, which free everything at once:
//   - each command read has an arena for its tree; functions keep theirs alive by counting (see
//   command_tree);
//   - `scratch` holds what a command needs while it runs (expanded words); scratch_scope gives it back.
// `text` and `list` grow while something is being built. A shell without memory ends: it cannot even report.

#include <stddef.h>

/// malloc and realloc that end the shell instead of returning null.
void* allocate_or_exit(size_t size);
void* resize_or_exit(void* memory, size_t size);

/// A copy of a string in memory of its own, to be given to free().
char* duplicate(const char* string);

class arena {
public:
    struct position {
        struct block* current;
        size_t used;
    };

    arena() = default;
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;
    ~arena() { release({nullptr, 0}); }

    /// Zeroed memory, valid until the arena is released below this point.
    void* allocate(size_t size);
    char* copy(const char* string, size_t length);

    template <class T>
    T* make() {
        return static_cast<T*>(allocate(sizeof(T)));
    }

    position here() const;
    void release(position to);

private:
    struct block* current_ = nullptr;
};

extern arena scratch;

/// Gives back everything allocated from `scratch` during its life.
class scratch_scope {
public:
    scratch_scope() : start_(scratch.here()) {}
    scratch_scope(const scratch_scope&) = delete;
    scratch_scope& operator=(const scratch_scope&) = delete;
    ~scratch_scope() { scratch.release(start_); }

private:
    arena::position start_;
};

/// A string under construction, always terminated by a zero byte.
class text {
public:
    text() = default;
    text(const text&) = delete;
    text& operator=(const text&) = delete;
    ~text();

    void add(char character);
    void add(const char* string);
    void add(const char* string, size_t length);
    void add_number(long number);
    /// Drops everything from `length` on.
    void truncate(size_t length);
    void erase(size_t from, size_t count);
    void insert(size_t at, const char* string, size_t length);

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const char* c_str() const { return data_ != nullptr ? data_ : ""; }
    char operator[](size_t index) const { return data_[index]; }
    char last() const { return size_ > 0 ? data_[size_ - 1] : '\0'; }

private:
    void reserve(size_t size);

    char* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

/// A growing array of plain values.
template <class T>
class list {
public:
    list() = default;
    list(const list&) = delete;
    list& operator=(const list&) = delete;
    ~list() { clear(); }

    void add(T value) {
        if (size_ == capacity_) {
            capacity_ = capacity_ == 0 ? 8 : capacity_ * 2;
            data_ = static_cast<T*>(resize_or_exit(data_, capacity_ * sizeof(T)));
        }
        data_[size_++] = value;
    }
    void remove(size_t index) {
        for (size_t i = index; i + 1 < size_; i++) {
            data_[i] = data_[i + 1];
        }
        size_--;
    }
    void truncate(size_t size) { size_ = size; }
    void clear();

    size_t size() const { return size_; }
    T& operator[](size_t index) { return data_[index]; }
    const T& operator[](size_t index) const { return data_[index]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }

private:
    T* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

void free_memory(void* memory);

template <class T>
void list<T>::clear() {
    free_memory(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
}
