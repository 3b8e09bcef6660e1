#pragma once
// Where everything lies that net/ allocates, and how an input starts from a whole stack with open sockets
// without paying for making it: what a scene allocated while it was set up is kept as one image, bytes and
// all. The next input with the same scene starts from a copy at the same addresses: a few microseconds
// instead of hundreds, and the same history byte by byte, so that a crash needs nothing but its input.
//
// Behind the image an input allocates upwards and uses no address twice. Everything outside of living blocks
// is poisoned for the address sanitizer, so that it notices any access beyond or after its block.

#include "fuzz/support/world.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace fuzz {

class arena {
public:
    /// Empties the arena, for a scene to be set up: places that are given back are used again.
    void open();
    /// nullptr when there is no room left; never while it is open.
    void* allocate(size_t length_bytes);
    bool owns(const void* block) const;
    void release(void* block);

    struct image {
        std::vector<uint8_t> bytes;
        std::vector<uint8_t> shadow; ///< what the sanitizer knows about them
    };
    /// Keeps what the blocks hold now, and ends setting up.
    image freeze();
    /// Makes all blocks what they were when the image was taken.
    void restore(const image& kept);

private:
    struct place {
        size_t offset;
        size_t length;
    };
    bool open_ = false;
    size_t used_ = 0;
    std::vector<place> free_; ///< given back while it was open
};

extern arena the_arena;

/// A scene of type T that is set up once and then begins the same again and again.
template <class T>
class kept {
public:
    /// Puts the scene where it began; the first time it is made, from these arguments.
    template <class... Arguments>
    T& begin(Arguments... arguments) {
        if (place_ == nullptr) {
            the_arena.open();
            the_world.begin();
            place_ = new (the_arena.allocate(sizeof(T))) T(arguments...);
            memory_ = the_arena.freeze();
            outside_ = the_world;
        }
        the_arena.restore(memory_);
        the_world = outside_;
        return *place_;
    }

private:
    T* place_ = nullptr;
    arena::image memory_;
    world outside_;
};

} // namespace fuzz
