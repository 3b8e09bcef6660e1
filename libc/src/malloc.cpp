// malloc(): memory for programs.
//
// Every block has a 16-byte header in front of it that says how large it is and whether it is in use. Blocks
// up to 64 KiB come in classes (16, 32, ... 128, then four sizes per doubling); a freed one goes to the front
// of its class's list and is the next to be used again, so both directions are a few instructions under one
// lock. An empty list takes a fresh block from the end of an arena that grows by mmap(); pages nobody has
// touched cost nothing. Larger blocks are mappings of their own and go back to the kernel when freed.
//
// Invariants: a block's address is a multiple of 16. Its header's mark is mark_used from malloc() to free(),
// mark_free while it is on a list, and anything else proves an error of the program: a block freed twice, an
// address malloc() never gave, or a header overwritten. Then the program ends with a message, since going on
// would hand attackers and innocents the same corrupted heap.

#include "libc/src/internal/lock.hpp"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr uint32_t mark_used = 0xa110ca7e;
constexpr uint32_t mark_free = 0xf4eeb10c;
constexpr uint32_t mark_aligned = 0xa1169ed0; // aligned_alloc(): `size` leads back to the real block
constexpr uint32_t own_mapping = ~0u;         // class of blocks too large for a class
constexpr size_t page_bytes = 4096;
constexpr size_t largest_class_bytes = 64 * 1024;
constexpr size_t arena_bytes = 128 * 1024;
constexpr unsigned small_classes = 8; // 16, 32, ... 128
constexpr unsigned class_count = small_classes + 4 * 9;

struct header {
    uint32_t mark;
    uint32_t size_class;
    size_t size; // capacity of the block; of a mapping, all its bytes; of an aligned block, the way back
};
static_assert(sizeof(header) == 16);

struct free_block {
    free_block* next;
};

libc::lock heap_lock;
free_block* free_lists[class_count];
char* arena_next;
char* arena_end;

header* header_of(void* block) {
    return static_cast<header*>(block) - 1;
}

[[noreturn]] void complain(const char* text) {
    write(STDERR_FILENO, text, strlen(text));
    abort();
}

/// The smallest class that holds `size` bytes, 1 to largest_class_bytes.
unsigned class_of(size_t size) {
    if (size <= 128) {
        return static_cast<unsigned>((size + 15) / 16 - 1);
    }
    unsigned doubling =
        63 - static_cast<unsigned>(__builtin_clzl(size - 1)); // 2^doubling < size <= 2^(doubling+1)
    auto quarter = static_cast<unsigned>((size - 1) >> (doubling - 2)) & 3;
    return small_classes + 4 * (doubling - 7) + quarter;
}

size_t class_bytes(unsigned size_class) {
    if (size_class < small_classes) {
        return (size_class + 1) * 16;
    }
    unsigned above = size_class - small_classes;
    size_t base = 128ul << (above / 4);
    return base + base / 4 * (above % 4 + 1);
}

void* map_pages(size_t bytes) {
    long memory =
        libc::call(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0l);
    return memory < 0 && memory >= -libc::max_errno ? nullptr : reinterpret_cast<void*>(memory);
}

/// Takes bytes from the arena's end. What is left of an arena too small for them is given up: less than one
/// block of the largest class.
char* extend_arena(size_t bytes) {
    if (static_cast<size_t>(arena_end - arena_next) < bytes) {
        auto* fresh = static_cast<char*>(map_pages(arena_bytes));
        if (fresh == nullptr) {
            return nullptr;
        }
        arena_next = fresh;
        arena_end = fresh + arena_bytes;
    }
    char* taken = arena_next;
    arena_next += bytes;
    return taken;
}

void* allocate_classed(size_t size) {
    unsigned size_class = class_of(size);
    libc::guard hold(heap_lock);
    if (free_block* first = free_lists[size_class]) {
        header* found = header_of(first);
        if (found->mark != mark_free || found->size_class != size_class) {
            complain("malloc: a freed block was written to\n");
        }
        free_lists[size_class] = first->next;
        found->mark = mark_used;
        return first;
    }
    size_t capacity = class_bytes(size_class);
    char* memory = extend_arena(sizeof(header) + capacity);
    if (memory == nullptr) {
        return nullptr;
    }
    auto* made = reinterpret_cast<header*>(memory);
    *made = {mark_used, size_class, capacity};
    return made + 1;
}

void* allocate_mapping(size_t size) {
    size_t bytes = (size + sizeof(header) + page_bytes - 1) & ~(page_bytes - 1);
    if (size > PTRDIFF_MAX || bytes < size) {
        return nullptr;
    }
    auto* made = static_cast<header*>(map_pages(bytes));
    if (made == nullptr) {
        return nullptr;
    }
    *made = {mark_used, own_mapping, bytes};
    return made + 1;
}

/// The real block behind an address from malloc() or aligned_alloc(), checked.
header* checked_header(void* block, const char* function) {
    header* found = header_of(block);
    if (reinterpret_cast<uintptr_t>(block) % 16 == 0 && found->mark == mark_aligned) {
        found = header_of(static_cast<char*>(block) - found->size);
    }
    if (found->mark == mark_used) {
        return found;
    }
    write(STDERR_FILENO, function, strlen(function));
    complain(found->mark == mark_free ? ": block freed twice\n" : ": not a block from malloc\n");
}

/// Bytes from `block` to the end of the real block it lies in.
size_t usable_bytes(void* block, header* real) {
    size_t capacity = real->size_class == own_mapping ? real->size - sizeof(header) : real->size;
    return capacity - static_cast<size_t>(static_cast<char*>(block) - reinterpret_cast<char*>(real + 1));
}

} // namespace

extern "C" {

/// Called by fork(): another thread's half-done change must not be copied into the child.
void libc_lock_heap(int locks) {
    locks ? heap_lock.acquire() : heap_lock.release();
}

void* malloc(size_t size) {
    void* block =
        size <= largest_class_bytes ? allocate_classed(size == 0 ? 1 : size) : allocate_mapping(size);
    if (block == nullptr) {
        errno = ENOMEM;
    }
    return block;
}

void free(void* block) {
    if (block == nullptr) {
        return;
    }
    header* found = checked_header(block, "free");
    if (found->size_class == own_mapping) {
        libc::call(SYS_munmap, found, found->size);
        return;
    }
    libc::guard hold(heap_lock);
    if (found->mark != mark_used) {
        complain("free: block freed twice\n"); // Another thread was faster.
    }
    found->mark = mark_free;
    auto* freed = reinterpret_cast<free_block*>(found + 1);
    freed->next = free_lists[found->size_class];
    free_lists[found->size_class] = freed;
}

void* calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    void* block = malloc(bytes);
    if (block != nullptr && header_of(block)->size_class != own_mapping) {
        memset(block, 0, bytes); // A fresh mapping is zero already.
    }
    return block;
}

void* realloc(void* block, size_t size) {
    if (block == nullptr) {
        return malloc(size);
    }
    header* found = checked_header(block, "realloc");
    size_t usable = usable_bytes(block, found);
    bool wasteful = usable > largest_class_bytes && size < usable / 2;
    if (size <= usable && !wasteful) {
        return block;
    }
    void* moved = malloc(size);
    if (moved != nullptr) {
        memcpy(moved, block, usable < size ? usable : size);
        free(block);
    }
    return moved;
}

void* reallocarray(void* block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return nullptr;
    }
    return realloc(block, bytes);
}

void* aligned_alloc(size_t alignment, size_t size) {
    if (alignment <= 16) {
        return malloc(size);
    }
    if ((alignment & (alignment - 1)) != 0 || size > SIZE_MAX - alignment) {
        errno = EINVAL;
        return nullptr;
    }
    auto* block = static_cast<char*>(malloc(size + alignment));
    size_t distance = -reinterpret_cast<uintptr_t>(block) & (alignment - 1);
    if (block == nullptr || distance == 0) {
        return block;
    }
    char* aligned = block + distance;
    *header_of(aligned) = {mark_aligned, 0, distance};
    return aligned;
}

void* memalign(size_t alignment, size_t size) {
    return aligned_alloc(alignment, size);
}

int posix_memalign(void** block, size_t alignment, size_t size) {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int saved = errno;
    *block = aligned_alloc(alignment, size);
    errno = saved;
    return *block != nullptr ? 0 : ENOMEM;
}

size_t malloc_usable_size(void* block) {
    return block != nullptr ? usable_bytes(block, checked_header(block, "malloc_usable_size")) : 0;
}

} // extern "C"
