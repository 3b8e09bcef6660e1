// Slabs. A slab is a block of frames cut into objects of one size; its struct frame keeps the list of free
// objects (threaded through the objects) and the number in use. Behind the last object stands one byte an
// object: its tag while it is in use, free_mark otherwise. So counters per tag need no header in front of
// objects, powers of two stay aligned, and a second kfree of an object is caught.
//
//   | object 0 | object 1 | ...... | object n-1 | marks: n bytes | unused |
//
// Each size class has a lock and the list of its slabs with room. Full slabs are in no list; an empty one
// goes back to the frames unless it is the last with room.

#include "kernel/mm/kmalloc.hpp"

#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"

namespace mm {
namespace {

constexpr size_t largest_object = 2048;
constexpr uint8_t free_mark = 0xff;
constexpr int poison = 0x6b; ///< Freed objects in debug builds.

struct size_class {
    uint32_t object_bytes;
    uint32_t slab_order;
    uint32_t objects;
    arch::spinlock lock{lib::lock_rank::kmalloc};
    frame* with_room = nullptr; ///< Guarded by lock, as are the slabs' fields.

    constexpr size_class(uint32_t bytes, uint32_t order)
        : object_bytes(bytes), slab_order(order), objects((4096u << order) / (bytes + 1)) {}
    constexpr uint64_t slab_bytes() const { return page_size << slab_order; }
};

constinit size_class classes[] = {
    {16, 0},  {32, 0},  {48, 0},  {64, 0},  {96, 0},   {128, 0},  {192, 0},
    {256, 0}, {384, 0}, {512, 0}, {768, 1}, {1024, 2}, {1536, 2}, {2048, 2},
};

/// The class of a size in units of 16 bytes, made by the compiler.
struct class_table {
    uint8_t index[largest_object / 16 + 1];
};
constexpr class_table make_class_table() {
    constexpr uint32_t sizes[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};
    class_table table{};
    uint8_t current = 0;
    for (uint32_t unit = 0; unit <= largest_object / 16; ++unit) {
        while (sizes[current] < unit * 16) {
            ++current;
        }
        table.index[unit] = current;
    }
    return table;
}
constexpr class_table class_of_units = make_class_table();

uint8_t class_of(size_t size_bytes) {
    return class_of_units.index[(size_bytes + 15) / 16];
}

uint8_t* marks_of(const size_class& kind, void* slab) {
    return static_cast<uint8_t*>(slab) + size_t{kind.objects} * kind.object_bytes;
}

void link_slab_locked(size_class& kind, frame& slab) {
    slab.previous = nullptr;
    slab.next = kind.with_room;
    if (slab.next != nullptr) {
        slab.next->previous = &slab;
    }
    kind.with_room = &slab;
}

void unlink_slab_locked(size_class& kind, frame& slab) {
    if (slab.previous != nullptr) {
        slab.previous->next = slab.next;
    } else {
        kind.with_room = slab.next;
    }
    if (slab.next != nullptr) {
        slab.next->previous = slab.previous;
    }
    slab.next = slab.previous = nullptr;
}

/// Makes a slab with all objects free. Every frame of it names the class; the first holds the rest.
frame* make_slab(uint8_t class_index) {
    const size_class& kind = classes[class_index];
    frame* const slab = allocate_frames(kind.slab_order, mem_tag::slab);
    if (slab == nullptr) {
        return nullptr;
    }
    for (size_t index = 0; index < size_t{1} << kind.slab_order; ++index) {
        slab[index].state = frame_state::slab;
        slab[index].slab_class = class_index;
    }
    auto* const memory = static_cast<uint8_t*>(frame_to_virtual(*slab));
    void* next = nullptr;
    for (size_t index = kind.objects; index-- > 0;) {
        void** const object = reinterpret_cast<void**>(memory + index * kind.object_bytes);
        *object = next;
        next = object;
    }
    memset(marks_of(kind, memory), free_mark, kind.objects);
    if constexpr (kasan::enabled) {
        kasan::slab_made(memory, kind.slab_bytes());
    }
    slab->slab_free = next;
    slab->references = 0; // objects in use, as long as it is a slab
    return slab;
}

void free_slab(frame& slab, unsigned order) {
    for (size_t index = 0; index < size_t{1} << order; ++index) {
        (&slab)[index].state = frame_state::used;
    }
    slab.references = 1;
    page_put(slab);
}

void* slab_start(const size_class& kind, const void* object) {
    return reinterpret_cast<void*>(reinterpret_cast<uint64_t>(object) & ~(kind.slab_bytes() - 1));
}

uint8_t& mark_of(const size_class& kind, void* slab, const void* object) {
    const size_t offset =
        static_cast<size_t>(static_cast<const uint8_t*>(object) - static_cast<uint8_t*>(slab));
    ASSERT(offset % kind.object_bytes == 0 && offset / kind.object_bytes < kind.objects);
    return marks_of(kind, slab)[offset / kind.object_bytes];
}

void* take_object_locked(size_class& kind, mem_tag tag) {
    frame& slab = *kind.with_room;
    void* const object = slab.slab_free;
    slab.slab_free = *static_cast<void**>(object);
    ++slab.references;
    if (slab.slab_free == nullptr) {
        unlink_slab_locked(kind, slab);
    }
    mark_of(kind, frame_to_virtual(slab), object) = static_cast<uint8_t>(tag);
    return object;
}

void* allocate_object(uint8_t class_index, mem_tag tag) {
    size_class& kind = classes[class_index];
    {
        arch::spin_guard guard(kind.lock);
        if (kind.with_room != nullptr) {
            return take_object_locked(kind, tag);
        }
    }
    frame* const fresh = make_slab(class_index);
    if (fresh == nullptr) {
        return nullptr;
    }
    arch::spin_guard guard(kind.lock);
    link_slab_locked(kind, *fresh);
    return take_object_locked(kind, tag);
}

/// The object is nobody's from here on, but not in the list of free ones yet.
void retire_object(size_class& kind, void* object) {
    arch::spin_guard guard(kind.lock);
    uint8_t& mark = mark_of(kind, slab_start(kind, object), object);
    ASSERT(mark != free_mark); // freed twice
    count_memory(static_cast<mem_tag>(mark), -static_cast<ptrdiff_t>(kind.object_bytes));
    mark = free_mark;
}

void give_back_object(void* object) {
    size_class& kind = classes[virtual_to_frame(object).slab_class];
    frame& slab = virtual_to_frame(slab_start(kind, object));
    frame* empty = nullptr;
    {
        arch::spin_guard guard(kind.lock);
#ifdef LUMOS_DEBUG
        if constexpr (!kasan::enabled) { // which marks it in the shadow
            memset(object, poison, kind.object_bytes);
        }
#endif
        if (slab.slab_free == nullptr) {
            link_slab_locked(kind, slab);
        }
        *static_cast<void**>(object) = slab.slab_free;
        slab.slab_free = object;
        --slab.references;
        if (slab.references == 0 && (slab.next != nullptr || slab.previous != nullptr)) {
            unlink_slab_locked(kind, slab);
            empty = &slab;
        }
    }
    if (empty != nullptr) {
        free_slab(*empty, kind.slab_order);
    }
}

void free_object(frame& inside, void* object) {
    size_class& kind = classes[inside.slab_class];
    retire_object(kind, object);
    if constexpr (kasan::enabled) {
        kasan::quarantine(object, kind.object_bytes, give_back_object);
    } else {
        give_back_object(object);
    }
}

unsigned order_of(size_t size_bytes) {
    unsigned order = 0;
    while (page_size << order < size_bytes) {
        ++order;
    }
    return order;
}

} // namespace

void* kmalloc(size_t size_bytes, mem_tag tag) {
    const size_t room_bytes = kasan::enabled ? kasan::room_for(size_bytes) : size_bytes;
    if (room_bytes <= largest_object) {
        const uint8_t class_index = class_of(room_bytes);
        void* const object = allocate_object(class_index, tag);
        if (object != nullptr) {
            count_memory(tag, classes[class_index].object_bytes);
            if constexpr (kasan::enabled) {
                kasan::object_allocated(object, size_bytes, classes[class_index].object_bytes);
            }
        }
        return object;
    }
    if (size_bytes > page_size << max_order) {
        return nullptr;
    }
    const unsigned order = order_of(size_bytes);
    frame* const block = allocate_frames(order, tag);
    if (block == nullptr) {
        return nullptr;
    }
    if constexpr (kasan::enabled) {
        kasan::block_allocated(frame_to_virtual(*block), size_bytes, page_size << order);
    }
    return frame_to_virtual(*block);
}

void* kmalloc_zeroed(size_t size_bytes, mem_tag tag) {
    void* const memory = kmalloc(size_bytes, tag);
    if (memory != nullptr) {
        memset(memory, 0, size_bytes);
    }
    return memory;
}

void kfree(void* memory) {
    if (memory == nullptr) {
        return;
    }
    if constexpr (kasan::enabled) {
        kasan::check_free(memory);
    }
    frame& inside = virtual_to_frame(memory);
    if (inside.state == frame_state::slab) {
        free_object(inside, memory);
        return;
    }
    ASSERT(inside.state == frame_state::used && page_references(inside) == 1);
    page_put(inside);
}

void check_object_span(const void* memory, size_t length_bytes, [[maybe_unused]] kasan::access how) {
    if constexpr (kasan::enabled) {
        kasan::check_range(memory, length_bytes, how);
    }
    const uint64_t physical = reinterpret_cast<uint64_t>(memory) - direct_map;
    if (length_bytes == 0 || physical >= end_of_direct_map()) {
        return; // a stack, a variable
    }
    const frame& inside = physical_to_frame(physical);
    if (inside.state == frame_state::slab) {
        const size_class& kind = classes[inside.slab_class];
        const uint64_t offset = physical & (kind.slab_bytes() - 1);
        ASSERT(offset < uint64_t{kind.objects} * kind.object_bytes);
        ASSERT(length_bytes <= kind.object_bytes - offset % kind.object_bytes);
        return;
    }
    ASSERT(inside.state != frame_state::free && inside.state != frame_state::recent);
}

} // namespace mm

bool kasan::find_object(const void* address, heap_object& found) {
    const uint64_t physical = reinterpret_cast<uint64_t>(address) - mm::direct_map;
    if (physical >= mm::end_of_direct_map()) {
        return false;
    }
    const mm::frame& inside = mm::physical_to_frame(physical);
    if (inside.state != mm::frame_state::slab) {
        return false;
    }
    const mm::size_class& kind = mm::classes[inside.slab_class];
    char* const slab = static_cast<char*>(mm::slab_start(kind, address));
    const size_t index = (physical & (kind.slab_bytes() - 1)) / kind.object_bytes;
    if (index >= kind.objects) {
        return false;
    }
    const uint8_t mark = mm::marks_of(kind, slab)[index];
    found = {.start = slab + index * kind.object_bytes,
             .room_bytes = kind.object_bytes,
             .tag = mark == mm::free_mark ? nullptr : mm::mem_tag_name(static_cast<mm::mem_tag>(mark))};
    return true;
}

void* operator new(size_t size_bytes, mm::mem_tag tag) noexcept {
    return mm::kmalloc(size_bytes, tag);
}
void* operator new[](size_t size_bytes, mm::mem_tag tag) noexcept {
    return mm::kmalloc(size_bytes, tag);
}
void operator delete(void* memory, mm::mem_tag) noexcept {
    mm::kfree(memory);
}

void* operator new(size_t size_bytes, const std::nothrow_t&) noexcept {
    return mm::kmalloc(size_bytes, mm::mem_tag::kernel);
}
void* operator new[](size_t size_bytes, const std::nothrow_t&) noexcept {
    return mm::kmalloc(size_bytes, mm::mem_tag::kernel);
}
void operator delete(void* memory) noexcept {
    mm::kfree(memory);
}
void operator delete[](void* memory) noexcept {
    mm::kfree(memory);
}
void operator delete(void* memory, size_t) noexcept {
    mm::kfree(memory);
}
void operator delete[](void* memory, size_t) noexcept {
    mm::kfree(memory);
}
