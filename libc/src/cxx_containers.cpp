// What the compiler's C++ headers expect from their library: the links of std::list, the growth of
// std::unordered_map, and the ends of programs that would throw. The trees of std::map are in cxx_tree.cpp.
//
// The declarations repeat those of libstdc++'s headers (bits/stl_list.h, bits/functexcept.h,
// bits/hashtable_policy.h, bits/hash_bytes.h); the code is ours.

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

[[noreturn]] void fail(const char* text) {
    fprintf(stderr, "%s\n", text);
    abort();
}

} // namespace

namespace std {

// ---- functions that would throw ---------------------------------------------------------------------------

void __throw_logic_error(const char* text) {
    fail(text);
}
void __throw_invalid_argument(const char* text) {
    fail(text);
}
void __throw_length_error(const char* text) {
    fail(text);
}
void __throw_out_of_range(const char* text) {
    fail(text);
}
void __throw_runtime_error(const char* text) {
    fail(text);
}
void __throw_system_error(int) {
    fail("std::system_error");
}
void __throw_bad_alloc() {
    fail("std::bad_alloc");
}
void __throw_bad_array_new_length() {
    fail("std::bad_array_new_length");
}
void __throw_bad_cast() {
    fail("std::bad_cast");
}
void __throw_bad_function_call() {
    fail("std::bad_function_call");
}
void __throw_out_of_range_fmt(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fail("");
}

// ---- std::list --------------------------------------------------------------------------------------------

namespace __detail {

struct _List_node_base {
    _List_node_base* _M_next;
    _List_node_base* _M_prev;

    void _M_hook(_List_node_base* position) noexcept;
    void _M_unhook() noexcept;
    void _M_transfer(_List_node_base* first, _List_node_base* last) noexcept;
    void _M_reverse() noexcept;
    static void swap(_List_node_base& left, _List_node_base& right) noexcept;
};

void _List_node_base::_M_hook(_List_node_base* position) noexcept {
    _M_next = position;
    _M_prev = position->_M_prev;
    position->_M_prev->_M_next = this;
    position->_M_prev = this;
}

void _List_node_base::_M_unhook() noexcept {
    _M_prev->_M_next = _M_next;
    _M_next->_M_prev = _M_prev;
}

void _List_node_base::_M_transfer(_List_node_base* first, _List_node_base* last) noexcept {
    if (this == last) {
        return;
    }
    _List_node_base* end = last->_M_prev;
    first->_M_prev->_M_next = last;
    last->_M_prev = first->_M_prev;
    first->_M_prev = _M_prev;
    _M_prev->_M_next = first;
    end->_M_next = this;
    _M_prev = end;
}

void _List_node_base::_M_reverse() noexcept {
    _List_node_base* each = this;
    do {
        _List_node_base* next = each->_M_next;
        each->_M_next = each->_M_prev;
        each->_M_prev = next;
        each = next;
    } while (each != this);
}

void _List_node_base::swap(_List_node_base& left, _List_node_base& right) noexcept {
    _List_node_base middle;
    auto move = [](_List_node_base& from, _List_node_base& to) {
        bool empty = from._M_next == &from;
        to = {empty ? &to : from._M_next, empty ? &to : from._M_prev};
        to._M_next->_M_prev = to._M_prev->_M_next = &to;
    };
    move(left, middle);
    move(right, left);
    move(middle, right);
}

// ---- std::unordered_map -----------------------------------------------------------------------------------

struct _Prime_rehash_policy {
    float _M_max_load_factor;
    mutable size_t _M_next_resize;

    struct decision { // std::pair<bool, size_t>, which is returned alike
        bool first;
        size_t second;
    };

    size_t _M_next_bkt(size_t wanted) const;
    decision _M_need_rehash(size_t buckets, size_t elements, size_t added) const;
};

namespace {

bool is_prime(size_t number) {
    for (size_t divisor = 3; divisor * divisor <= number; divisor += 2) {
        if (number % divisor == 0) {
            return false;
        }
    }
    return number % 2 != 0;
}

} // namespace

size_t _Prime_rehash_policy::_M_next_bkt(size_t wanted) const {
    size_t prime = wanted < 2 ? (wanted == 0 ? 1 : 2) : wanted | 1;
    while (prime > 2 && !is_prime(prime)) {
        prime += 2;
    }
    _M_next_resize =
        static_cast<size_t>(static_cast<double>(prime) * static_cast<double>(_M_max_load_factor));
    return prime;
}

_Prime_rehash_policy::decision _Prime_rehash_policy::_M_need_rehash(size_t buckets, size_t elements,
                                                                    size_t added) const {
    if (elements + added <= _M_next_resize) {
        return {false, 0};
    }
    constexpr size_t first_buckets = 11;
    size_t least = elements + added < first_buckets && _M_next_resize == 0 ? first_buckets : elements + added;
    double needed = static_cast<double>(least) / static_cast<double>(_M_max_load_factor);
    if (needed < static_cast<double>(buckets)) {
        _M_next_resize =
            static_cast<size_t>(static_cast<double>(buckets) * static_cast<double>(_M_max_load_factor));
        return {false, 0};
    }
    auto wanted = static_cast<size_t>(needed) + 1;
    return {true, _M_next_bkt(wanted > 2 * buckets ? wanted : 2 * buckets)};
}

} // namespace __detail

/// Hash of strings: words mixed by multiplication, the rest byte by byte.
size_t _Hash_bytes(const void* data, size_t size, size_t seed) {
    constexpr uint64_t factor = 0x9e3779b97f4a7c15;
    auto* next = static_cast<const unsigned char*>(data);
    uint64_t hash = seed ^ size * factor;
    for (; size >= 8; size -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, sizeof word);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    for (; size > 0; size--) {
        hash = (hash ^ *next++) * factor;
        hash ^= hash >> 32;
    }
    return hash;
}

} // namespace std
