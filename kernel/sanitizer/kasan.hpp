#pragma once
// The address sanitizer of the kernel (KASAN=1). For every 8 bytes of the kernel's half of the address space
// there is a byte of shadow that says how many of them may be touched: 0 all, 1 to 7 the first ones, a value
// of `poison` none. The compiler lays a look at the shadow before each load and store, red zones around
// variables, and calls what kasan.cpp defines when the look says no.
//
//   addresses from 0xffff800000000000 on        shadow from 0xffffec0000000000 to 0xfffffbffffffffff
//
// The allocators poison what is free and around what is not. All of this is called as
// `if constexpr (kasan::enabled)`, so a kernel without it holds no trace of it.

#include <cstddef>
#include <cstdint>

namespace kasan {

#ifdef LUMOS_KASAN
constexpr bool enabled = true;
#else
constexpr bool enabled = false;
#endif

/// Also in kernel/sanitizer/rules.mk, for the compiler.
constexpr uint64_t shadow_offset = 0xdffffc0000000000;

/// Why 8 bytes may not be touched. The first four are the compiler's.
enum class poison : uint8_t {
    stack_left = 0xf1,
    stack_middle = 0xf2,
    stack_right = 0xf3,
    out_of_scope = 0xf8,
    global = 0xf9,   ///< Around a variable with static storage.
    red_zone = 0xfa, ///< Around an object of kmalloc.
    freed = 0xfb,    ///< An object of kmalloc that was freed.
    guard = 0xfe,    ///< Below a kernel stack.
    free_page = 0xff,
};

enum class access : uint8_t { read, write };

inline uint8_t* shadow_of(const void* address) {
    return reinterpret_cast<uint8_t*>((reinterpret_cast<uint64_t>(address) >> 3) + shadow_offset);
}

/// Forbids or allows length_bytes at an address that is a multiple of 8. Any context.
void forbid(const void* start, size_t length_bytes, poison why);
void allow(const void* start, size_t length_bytes);

/// Stops the machine with a report unless all bytes may be touched: for what the compiler does not see,
/// copies written in assembly. Any context.
void check_range(const void* start, size_t length_bytes, access how);

// ---- objects of kmalloc (kasan_heap.cpp) -----------------------------------------------------------------

/// What kmalloc knows about an address in a slab.
struct heap_object {
    const void* start;
    size_t room_bytes; ///< From start to the next object.
    const char* tag;   ///< nullptr if the object is free.
};

/// False if the address is in no object. Defined by mm/kmalloc.cpp.
bool find_object(const void* address, heap_object& found);

/// How much room to take for an object of a size: the object, a red zone, and the record in it.
size_t room_for(size_t size_bytes);
/// A slab of objects that nobody has yet.
void slab_made(void* start, size_t length_bytes);
void object_allocated(void* object, size_t size_bytes, size_t room_bytes);
/// A block of frames, of which only the first size_bytes were asked for.
void block_allocated(void* block, size_t size_bytes, size_t room_bytes);
/// Stops the machine unless this is the start of an object in use.
void check_free(const void* object);
/// Keeps a freed object from being used again soon; give_back is called for those that waited long enough.
void quarantine(void* object, size_t room_bytes, void (*give_back)(void* object));

// ---- page tables (kasan_shadow.cpp) ----------------------------------------------------------------------

/// Gives the kernel's final page tables their shadow: memory of its own for a range of RAM...
void map_ram_shadow(uint64_t root, uint64_t physical, uint64_t end, uint64_t (*allocate_page)());
/// ...and for the image, stacks to come and everything else, of which nothing is forbidden.
void map_other_shadow(uint64_t root, uint64_t (*allocate_page)());
/// The shadow of a stack slot: its lower half is guard, its upper half gets memory. False if there is none.
bool map_stack_shadow(uint64_t slot_start, uint64_t slot_bytes);
void unmap_stack_shadow(uint64_t slot_start, uint64_t slot_bytes);
/// True for the tables that all unused parts of the shadow have in common.
bool is_shared_table(uint64_t physical);

} // namespace kasan
