// Objects of kmalloc under the address sanitizer:
//
//   | object, as many bytes as asked for | red zone ............ | record |
//
// The red zone in front of an object is the end of the one before it. A freed object stays poisoned in a
// queue until others of 1/128 of the memory have been freed after it, so that a use after free meets poison
// and not the next owner. This file is compiled without instrumentation.

#include "kernel/arch/spinlock.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/sanitizer/kasan_report.hpp"

extern "C" char text_start[], text_end[];

namespace kasan {
namespace {

/// The link is in the first bytes of the freed object.
struct waiting {
    waiting* next;
    size_t room_bytes;
};

constinit arch::spinlock quarantine_lock{lib::lock_rank::kmalloc};
// Guarded by quarantine_lock.
waiting* oldest = nullptr;
waiting* newest = nullptr;
size_t waiting_bytes = 0;

constexpr size_t smallest_object = 16;
static_assert(sizeof(waiting) <= smallest_object);

object_record& record_at(void* object, size_t room_bytes) {
    return *reinterpret_cast<object_record*>(static_cast<char*>(object) + room_bytes - sizeof(object_record));
}

/// Who called kmalloc or kfree: frame pointers as far as they lead upwards through one stack.
void note_callers(uint32_t (&callers)[most_callers]) {
    const auto* frame = static_cast<const uint64_t*>(__builtin_frame_address(0));
    unsigned count = 0;
    while (count < most_callers) {
        const uint64_t caller = frame[1];
        if (caller < reinterpret_cast<uint64_t>(text_start) ||
            caller >= reinterpret_cast<uint64_t>(text_end)) {
            break;
        }
        callers[count++] = static_cast<uint32_t>(caller);
        const uint64_t above = frame[0], here = reinterpret_cast<uint64_t>(frame);
        if (above <= here || above - here > mm::page_size) {
            break;
        }
        frame = reinterpret_cast<const uint64_t*>(above);
    }
    while (count < most_callers) {
        callers[count++] = 0;
    }
}

/// The oldest if too much waits.
waiting* take_oldest() {
    const arch::spin_guard guard(quarantine_lock);
    if (waiting_bytes <= mm::total_frame_count() * mm::page_size / 128) {
        return nullptr;
    }
    waiting* const leaving = oldest;
    oldest = leaving->next;
    waiting_bytes -= leaving->room_bytes;
    return leaving;
}

} // namespace

/// Powers of two stay aligned to their size.
size_t room_for(size_t size_bytes) {
    const bool power_of_two = size_bytes >= smallest_object && (size_bytes & (size_bytes - 1)) == 0;
    const size_t unit = power_of_two ? size_bytes : smallest_object;
    return (size_bytes + sizeof(object_record) + unit - 1) / unit * unit;
}

void slab_made(void* start, size_t length_bytes) {
    forbid(start, length_bytes, poison::red_zone);
}

void object_allocated(void* object, size_t size_bytes, size_t room_bytes) {
    forbid(object, room_bytes, poison::red_zone);
    allow(object, size_bytes);
    object_record& record = record_at(object, room_bytes);
    record = {.size_bytes = size_bytes, .allocated_by = {}, .freed_by = {}};
    note_callers(record.allocated_by);
}

void block_allocated(void* block, size_t size_bytes, size_t room_bytes) {
    forbid(block, room_bytes, poison::red_zone);
    allow(block, size_bytes);
}

void check_free(const void* object) {
    const void* const caller = __builtin_return_address(0);
    if (reinterpret_cast<uint64_t>(object) - mm::direct_map >= mm::end_of_direct_map()) {
        report_free(object, "no memory of the heap", caller);
    }
    const auto first = static_cast<poison>(*shadow_of(object));
    if (first == poison::freed || first == poison::free_page) {
        report_free(object, "double free", caller);
    }
    heap_object found;
    if (find_object(object, found) && (found.start != object || found.tag == nullptr)) {
        report_free(object, "not the start of an object", caller);
    }
}

void quarantine(void* object, size_t room_bytes, void (*give_back)(void* object)) {
    forbid(object, room_bytes, poison::freed);
    note_callers(record_at(object, room_bytes).freed_by);
    auto* const last = static_cast<waiting*>(object);
    *last = {.next = nullptr, .room_bytes = room_bytes};
    {
        const arch::spin_guard guard(quarantine_lock);
        (oldest == nullptr ? oldest : newest->next) = last;
        newest = last;
        waiting_bytes += room_bytes;
    }
    while (waiting* const leaving = take_oldest()) {
        give_back(leaving);
    }
}

const object_record& record_of(const heap_object& object) {
    return record_at(const_cast<void*>(object.start), object.room_bytes);
}

} // namespace kasan
