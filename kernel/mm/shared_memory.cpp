// Anonymous memory shared between processes: a table of frames, filled on demand. The size is fixed.

#include "kernel/abi/errno.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/mm/backing.hpp"
#include "kernel/mm/kmalloc.hpp"

namespace mm {
namespace {

struct shared_memory : backing {
    uint64_t page_count;
    arch::spinlock lock{lib::lock_rank::backing};
    frame** pages; ///< Guarded by lock; nullptr where nothing was touched.

    shared_memory(const backing_ops& operations, uint64_t count, frame** table)
        : backing(operations), page_count(count), pages(table) {}
};

lib::result<frame*> get_page(backing& object, uint64_t page_index, backing_access) {
    auto& memory = static_cast<shared_memory&>(object);
    if (page_index >= memory.page_count) {
        return lib::error{ENXIO};
    }
    arch::thread_spin_guard guard(memory.lock);
    frame*& page = memory.pages[page_index];
    if (page == nullptr) {
        page = allocate_zeroed_frame(mem_tag::user);
    }
    if (page == nullptr) {
        return lib::error{ENOMEM};
    }
    page_get(*page);
    return page;
}

void release(backing& object) {
    auto& memory = static_cast<shared_memory&>(object);
    for (uint64_t index = 0; index < memory.page_count; ++index) {
        if (memory.pages[index] != nullptr) {
            page_put(*memory.pages[index]);
        }
    }
    kfree(memory.pages);
    memory.~shared_memory();
    kfree(&memory);
}

constexpr backing_ops shared_memory_ops = {.get_page = get_page, .release = release};

} // namespace

lib::result<lib::ref<backing>> create_shared_memory(uint64_t length_bytes) {
    const uint64_t page_count = page_align_up(length_bytes) / page_size;
    auto** const table = static_cast<frame**>(kmalloc_zeroed(page_count * sizeof(frame*), mem_tag::space));
    if (table == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* const memory = new (mem_tag::space) shared_memory(shared_memory_ops, page_count, table);
    if (memory == nullptr) {
        kfree(table);
        return lib::error{ENOMEM};
    }
    return lib::ref<backing>::adopt(memory);
}

} // namespace mm
