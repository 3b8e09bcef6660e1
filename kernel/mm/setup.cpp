// Bringing memory up. Until the frame allocator works, page tables and the array of struct frame come
// from a bump allocator over the largest free range that the loader's page tables map (below 4 GiB);
// what it did not use goes to the frame allocator with all other free RAM. Nothing else is touched: boot
// time does not depend on the size of memory but for 32 bytes a frame.

#include "kernel/mm/setup.hpp"

#include "kernel/arch/panic.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/frames_setup.hpp"
#include "kernel/mm/kernel_tables.hpp"

extern "C" {
extern char image_physical_start[], image_physical_end[], boot_code_end[];
}

namespace mm {
namespace {

struct range {
    uint64_t start;
    uint64_t end;
    uint64_t length() const { return end - start; }
};

constexpr uint64_t loader_map_end = 4ull << 30;
/// Real mode's vectors, the BIOS's data, and room for code that starts other CPUs.
constexpr uint64_t low_memory_kept = 64 * 1024;

constexpr size_t most_kept = 8;
range kept[most_kept]; ///< RAM that is in use already.
size_t kept_count = 0;

range bump{}; ///< What the bump allocator has left.

uint64_t address_of(const char* symbol) {
    return reinterpret_cast<uint64_t>(symbol);
}

void keep(uint64_t start, uint64_t end) {
    if (kept_count == most_kept) {
        arch::panic("too many ranges in use at boot");
    }
    kept[kept_count++] = {page_align_down(start), page_align_up(end)};
}

/// Calls visit for each run of whole free pages in a region of RAM.
template <class Visitor>
void for_each_free_range(const boot::memory_region& region, Visitor visit) {
    uint64_t at = page_align_up(region.physical);
    const uint64_t end = page_align_down(region.physical + region.length);
    while (at < end) {
        range next{end, end}; // the first kept range that reaches beyond `at`
        for (size_t index = 0; index < kept_count; ++index) {
            if (kept[index].end > at && kept[index].start < next.start) {
                next = kept[index];
            }
        }
        if (next.start > at) {
            visit(range{at, next.start});
        }
        at = next.end;
    }
}

template <class Visitor>
void for_each_free_range(const boot::boot_info& info, Visitor visit) {
    for (size_t index = 0; index < info.region_count; ++index) {
        if (info.regions[index].kind == boot::memory_kind::usable) {
            for_each_free_range(info.regions[index], visit);
        }
    }
}

uint64_t bump_allocate(uint64_t bytes) {
    bytes = page_align_up(bytes);
    if (bump.length() < bytes) {
        arch::panic("not enough memory to boot");
    }
    const uint64_t start = bump.start;
    bump.start += bytes;
    return start;
}

uint64_t bump_table() {
    const uint64_t table = bump_allocate(page_size);
    clear_page(physical_to_virtual(table));
    return table;
}

uint64_t end_of_memory(const boot::boot_info& info) {
    uint64_t end = 0;
    for (size_t index = 0; index < info.region_count; ++index) {
        const boot::memory_region& region = info.regions[index];
        if (region.kind == boot::memory_kind::usable && region.physical + region.length > end) {
            end = region.physical + region.length;
        }
    }
    return end;
}

void keep_what_is_in_use(const boot::boot_info& info) {
    keep(0, low_memory_kept);
    keep(address_of(image_physical_start), address_of(image_physical_end));
    for (size_t index = 0; index < info.module_count; ++index) {
        keep(info.modules[index].physical, info.modules[index].physical + info.modules[index].length);
    }
}

} // namespace

void setup_memory(const boot::boot_info& info) {
    keep_what_is_in_use(info);
    for_each_free_range(info, [](range free) {
        const range mapped{free.start, free.end < loader_map_end ? free.end : loader_map_end};
        if (mapped.end > mapped.start && mapped.length() > bump.length()) {
            bump = mapped;
        }
    });
    const uint64_t bump_start = bump.start;
    const uint64_t frames_end = page_align_down(end_of_memory(info));
    const uint64_t array = bump_allocate(frames_end / page_size * sizeof(frame));
    build_kernel_tables(info, bump_table);
    setup_frames(physical_to_virtual<frame>(array), frames_end / page_size);
    keep(bump_start, bump.start);
    for_each_free_range(info, [](range free) { add_free_frames(free.start, free.end); });

    // The 32-bit start code and its page tables have done their work.
    add_free_frames(address_of(image_physical_start), address_of(boot_code_end));
    LOG_INFO("memory: %lu KiB of %lu KiB free", free_frame_count() * page_size / 1024,
             total_frame_count() * page_size / 1024);
}

} // namespace mm
