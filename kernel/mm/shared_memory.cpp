// Anonymous memory shared between processes: frames that are allocated on demand. The size is fixed, and
// costs nothing by itself.

#include "kernel/abi/errno.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/mm/backing.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/page_tree.hpp"

namespace mm {
namespace {

struct shared_memory : backing {
    uint64_t page_count;
    arch::spinlock lock{lib::lock_rank::backing};
    page_tree pages; ///< Guarded by lock; holds what was touched.

    shared_memory(const backing_ops& operations, uint64_t count) : backing(operations), page_count(count) {}
};

lib::result<frame*> get_page(backing& object, uint64_t page_index, backing_access) {
    auto& memory = static_cast<shared_memory&>(object);
    if (page_index >= memory.page_count) {
        return lib::error{ENXIO};
    }
    arch::thread_spin_guard guard(memory.lock);
    frame* page = memory.pages.find(page_index);
    if (page == nullptr) {
        page = allocate_zeroed_frame(mem_tag::user);
        if (page == nullptr) {
            return lib::error{ENOMEM};
        }
        if (const auto stored = memory.pages.insert(page_index, page); !stored.ok()) {
            page_put(*page);
            return stored.error();
        }
    }
    page_get(*page);
    return page;
}

void release(backing& object) {
    auto& memory = static_cast<shared_memory&>(object);
    memory.pages.drop_from(0);
    memory.~shared_memory();
    kfree(&memory);
}

constexpr backing_ops shared_memory_ops = {.get_page = get_page, .release = release};

} // namespace

lib::result<lib::ref<backing>> create_shared_memory(uint64_t length_bytes) {
    const uint64_t page_count = page_align_up(length_bytes) / page_size;
    if (page_count > page_tree::index_limit) {
        return lib::error{ENOMEM};
    }
    auto* const memory = new (mem_tag::space) shared_memory(shared_memory_ops, page_count);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    return lib::ref<backing>::adopt(memory);
}

} // namespace mm
